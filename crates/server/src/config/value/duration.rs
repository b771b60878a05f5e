//! Durations: `30s`, `500ms`, `PT30M`.

use std::time::Duration;

use super::Value;

/// A duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];
/// Longest duration, in milliseconds. Beyond ten years the unit is probably a mistake.
const LONGEST: u64 = 3_660 * 86_400_000;

impl Span {
    /// `count` milliseconds.
    pub(crate) const fn millis(count: u64) -> Self {
        Self(Duration::from_millis(count))
    }

    /// `count` seconds.
    pub(crate) const fn seconds(count: u64) -> Self {
        Self(Duration::from_secs(count))
    }
}

impl Value for Span {
    const KIND: &'static str = "duration, such as `500ms`, `30s`, `5m`, `1h` or `PT30M`";

    fn parse(text: &str) -> Result<Self, String> {
        let iso_8601 = model::parse_iso_8601(text).map(|span| span.as_millis());
        let ms = iso_8601.and_then(|ms| u64::try_from(ms).ok());
        let ms = ms.or_else(|| short(text));
        match ms {
            Some(ms) if ms <= LONGEST => Ok(Self(Duration::from_millis(ms))),
            _ => Err(format!("must be a {}, and at most ten years", Self::KIND)),
        }
    }

    fn print(&self) -> Option<String> {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let whole = UNITS
            .iter()
            .rev()
            .find(|(_, factor)| ms.is_multiple_of(*factor));
        let (unit, factor) = whole.filter(|_| ms > 0).unwrap_or(&("s", 1_000));
        Some(format!("{}{unit}", ms / factor))
    }
}

/// Parses a number with a unit, such as `30s`, into milliseconds. Without a unit it is seconds, as in today's
/// Lakekeeper.
fn short(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..)?;
    let unit = if unit.is_empty() { "s" } else { unit };
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::super::rule_of;
    use super::*;

    #[test]
    fn reads_units_bare_seconds_and_iso_8601() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("30", 30_000),
            ("5m", 300_000),
            ("0", 0),
            ("PT30M", 1_800_000),
            ("P1DT2H3M4S", 93_784_000),
            ("P2D", 172_800_000),
        ] {
            assert_eq!(
                Span::parse(text),
                Ok(Span(Duration::from_millis(ms))),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_is_neither() {
        for wrong in [
            "", "s", "1x", "-1s", "P", "PT", "PT1X", "PT1S2M", "1.5s", "P1M", "99999d",
        ] {
            assert!(rule_of::<Span>(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn prints_the_largest_whole_unit() {
        for text in ["500ms", "30s", "5m", "36h", "2d", "0s"] {
            assert_eq!(Span::parse(text).unwrap().print().unwrap(), text);
        }
    }
}
