//! Sizes in bytes: `67108864`, `64MiB`.

use super::Value;

/// A number of bytes, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteCount(pub u64);

const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl ByteCount {
    /// `count` mebibytes.
    pub(crate) const fn mib(count: u64) -> Self {
        Self(count << 20)
    }
}

impl Value for ByteCount {
    const KIND: &'static str = "bytes, such as `67108864` or `64MiB`";

    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let unit = text.get(digits.len()..).unwrap_or_default().trim();
        let known = UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let factor = if unit.is_empty() {
            Some(1)
        } else {
            known.map(|(_, factor)| *factor)
        };
        let count = digits.parse::<u64>().ok();
        let bytes = count
            .zip(factor)
            .and_then(|(count, factor)| count.checked_mul(factor));
        match bytes {
            Some(bytes) if bytes > 0 => Ok(Self(bytes)),
            _ => Err(format!("must be a number of {}", Self::KIND)),
        }
    }

    fn print(&self) -> Option<String> {
        let whole = UNITS[..3]
            .iter()
            .rev()
            .find(|(_, factor)| self.0.is_multiple_of(*factor));
        Some(match whole {
            Some((unit, factor)) => format!("{}{unit}", self.0 / factor),
            None => self.0.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule_of;
    use super::*;

    #[test]
    fn reads_plain_numbers_and_units() {
        for (text, bytes) in [
            ("1", 1),
            ("64MiB", 64 << 20),
            ("2 gb", 2_000_000_000),
            ("5b", 5),
        ] {
            assert_eq!(ByteCount::parse(text), Ok(ByteCount(bytes)), "{text}");
        }
    }

    #[test]
    fn refuses_nothing_overflow_and_other_units() {
        for wrong in [
            "0",
            "",
            "MiB",
            "-1",
            "1.5MiB",
            "3 TiB",
            "99999999999GiB",
            "1MiB2",
        ] {
            assert!(rule_of::<ByteCount>(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn prints_the_largest_whole_unit() {
        for text in ["64MiB", "1GiB", "1000", "3KiB"] {
            assert_eq!(ByteCount::parse(text).unwrap().print().unwrap(), text);
        }
    }
}
