//! Who sent a request.

use std::fmt;

/// The identity on whose behalf a request runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Nobody has been asked: authentication is not configured.
    Anonymous,
    /// The catalog itself: background work and commands of the operator on the machine.
    System,
}

impl fmt::Display for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Anonymous => "anonymous",
            Self::System => "system",
        })
    }
}
