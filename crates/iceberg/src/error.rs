//! Errors, by who has to react: the writer of the JSON ([`ParseError`]), the author of the update
//! ([`UpdateError::Invalid`]), or the client that has to refresh and try again ([`UpdateError::Stale`],
//! [`RequirementFailed`]).

use std::fmt::Display;

/// JSON that is not what the Iceberg table or view spec says.
///
/// The message names the part (`table metadata`, `snapshot`, …), the field and the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    message: String,
}

impl ParseError {
    /// An error about `what` (for example `snapshot`), with the reason.
    pub(crate) fn new(what: &str, problem: impl Display) -> Self {
        Self {
            message: bounded(format!("invalid {what}: {problem}")),
        }
    }

    /// The message that a caller may see.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Why an update cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// The update is wrong, and stays wrong when it is sent again (HTTP 400).
    #[error("{0}")]
    Invalid(String),
    /// The update was built on an older state of the table: its sequence number or row id was taken
    /// meanwhile. The client should refresh and retry (HTTP 409, `CommitFailedException`).
    #[error("Validation failed, please retry: {0}")]
    Stale(String),
}

impl UpdateError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// The same error with its message cut to `MAX_MESSAGE_BYTES`.
    pub(crate) fn bounded(self) -> Self {
        match self {
            Self::Invalid(message) => Self::Invalid(bounded(message)),
            Self::Stale(message) => Self::Stale(bounded(message)),
        }
    }
}

impl From<ParseError> for UpdateError {
    fn from(error: ParseError) -> Self {
        Self::Invalid(error.message)
    }
}

/// A requirement of a commit does not hold (HTTP 409, `CommitFailedException`).
///
/// The text is the Java reference's, because clients match on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Requirement failed: {reason}")]
pub struct RequirementFailed {
    reason: String,
}

impl RequirementFailed {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: bounded(reason.into()),
        }
    }
}

/// The bound of a message, because messages quote names and values from the request, which can be as long as its body.
const MAX_MESSAGE_BYTES: usize = 2000;

fn bounded(mut message: String) -> String {
    if message.len() > MAX_MESSAGE_BYTES {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        message.push('…');
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_between_characters() {
        let long = "é".repeat(10_000);
        let error = ParseError::new("thing", &long);
        assert!(error.message().len() < 2010 && error.message().ends_with("é…"));
        let UpdateError::Stale(cut) = UpdateError::Stale(long.clone()).bounded() else {
            panic!("another kind");
        };
        assert!(cut.len() < 2010);
        assert!(RequirementFailed::new(long).to_string().len() < 2050);
    }
}
