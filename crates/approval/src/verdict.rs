//! The answers of verifiers.

/// Whether the changes may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The changes may happen.
    Allow,
    /// The changes must not happen.
    Deny(Denial),
}

/// The HTTP status with which a denial is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `403`: engines give up and tell their user.
    Forbidden,
    /// `409`: engines that commit refresh and try again a few times.
    Conflict,
}

/// Why changes must not happen, for the engine's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    refusal: Refusal,
    reason: String,
}

impl Denial {
    /// Longest reason, in bytes of UTF-8; a longer one is cut.
    pub const REASON_BYTES: usize = 4_096;

    /// A denial with this status. Control characters of the reason become spaces.
    pub fn new(refusal: Refusal, reason: &str) -> Self {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let reason = reason.get(..reason.floor_char_boundary(Self::REASON_BYTES));
        let reason: String = reason.unwrap_or_default().chars().map(clean).collect();
        let reason = match reason.trim() {
            "" => "it gives no reason".to_owned(),
            reason => reason.to_owned(),
        };
        Self { refusal, reason }
    }

    /// The kind of refusal.
    pub const fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// The reason, for the engine's user.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// No verdict is possible now. The text says why, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no verdict: {0}")]
pub struct Unavailable(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bounded_and_clean() {
        let reason = |text: &str| Denial::new(Refusal::Conflict, text).reason().to_owned();
        let longest = "ä".repeat(Denial::REASON_BYTES / 2);
        assert_eq!(reason(&longest), longest);
        assert_eq!(reason(&format!("{longest}ä")), longest);
        assert_eq!(
            reason(&format!("x{longest}")).len(),
            Denial::REASON_BYTES - 1
        );
        assert_eq!(reason(" a\nb\0c "), "a b c");
        assert_eq!(reason("\n"), "it gives no reason");
    }
}
