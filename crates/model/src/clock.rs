//! Time, as a value that tests can set.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, the resolution of Iceberg's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Whole seconds since the Unix epoch.
    pub const fn as_s(self) -> i64 {
        self.as_ms().div_euclid(1_000)
    }

    /// Milliseconds since the epoch.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// This point plus a span; saturates at the end of time.
    #[must_use]
    pub fn plus(self, span: std::time::Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The span from an earlier point; zero if that point is later.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        let ms = self.0.saturating_sub(earlier.0);
        std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }

    /// This point minus a span; saturates at the beginning of time.
    #[must_use]
    pub fn minus(self, span: std::time::Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

/// A text that is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time such as `2024-05-01T10:00:00Z` (RFC 3339)")]
pub struct InvalidTimestamp(String);

/// RFC 3339, in any zone; fractions of a millisecond are cut off.
impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let at = DateTime::parse_from_rfc3339(text)
            .map_err(|_| InvalidTimestamp(Excerpt(text).to_string()))?;
        Ok(Self(at.timestamp_millis()))
    }
}

/// RFC 3339 in UTC with milliseconds, as the management API prints times.
impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp_millis(self.0) {
            Some(at) => out.write_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(out, "{}ms", self.0),
        }
    }
}

/// Where the current time comes from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one home of the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_millis())
    }
}

/// A clock that stands still until it is moved; for tests.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at the given time.
    pub const fn at(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves the clock to the given time.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn prints_as_rfc_3339_with_milliseconds() {
        assert_eq!(
            Timestamp::from_ms(1_700_000_000_123).to_string(),
            "2023-11-14T22:13:20.123Z"
        );
        let zoned = "2023-11-14T23:13:20.123+01:00";
        assert_eq!(zoned.parse(), Ok(Timestamp::from_ms(1_700_000_000_123)));
        for wrong in ["", "2023-11-14", "1700000000", "2023-11-14T22:13:20"] {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
        }
    }
}
