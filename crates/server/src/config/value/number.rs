//! Bounded numbers.

use super::Value;

/// A TCP port; 0 asks the system for a free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port(pub u16);

impl Value for Port {
    const KIND: &'static str = "port";

    fn parse(text: &str) -> Result<Self, String> {
        let rule = "must be a port number from 0 (any free one) to 65535";
        text.parse().map(Self).map_err(|_| rule.to_owned())
    }

    fn print(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Count<MIN, MAX> {
    /// `count`, moved to the nearest bound if it is beyond one.
    pub const fn clamped(count: u32) -> Self {
        if count < MIN {
            Self(MIN)
        } else if count > MAX {
            Self(MAX)
        } else {
            Self(count)
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Value for Count<MIN, MAX> {
    const KIND: &'static str = "number";

    fn parse(text: &str) -> Result<Self, String> {
        let in_bounds = text
            .parse()
            .ok()
            .filter(|count| (MIN..=MAX).contains(count));
        in_bounds
            .map(Self)
            .ok_or_else(|| format!("must be a whole number from {MIN} to {MAX}"))
    }

    fn print(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule_of;
    use super::*;

    #[test]
    fn ports_have_sixteen_bits() {
        assert_eq!(Port::parse("65535"), Ok(Port(65_535)));
        for wrong in ["65536", "-1", "http", ""] {
            assert!(rule_of::<Port>(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn a_number_out_of_bounds_is_refused_with_the_bounds() {
        assert_eq!(Count::<2, 5>::parse("5").map(Count::get), Ok(5));
        for wrong in ["1", "6", "two"] {
            let rule = rule_of::<Count<2, 5>>(wrong).unwrap();
            assert_eq!(rule, "must be a whole number from 2 to 5");
        }
    }
}
