//! Who sent a request.

use std::fmt;
use std::sync::Arc;

use crate::{Identity, RoleId};

/// The identity on whose behalf a request runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Nobody has been asked: authentication is not configured.
    Anonymous,
    /// The catalog itself: background work and commands of the operator on the machine.
    System,
    /// Whoever has shown a token that was verified.
    User(Arc<Identity>),
    /// The same, who for this request is nothing but one of its roles.
    Role(Arc<Identity>, RoleId),
}

impl Caller {
    /// What is known of the user, if it is one.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::User(identity) | Self::Role(identity, _) => Some(identity),
            Self::Anonymous | Self::System => None,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => out.write_str("anonymous"),
            Self::System => out.write_str("system"),
            Self::User(identity) => identity.user.fmt(out),
            Self::Role(identity, role) => write!(out, "{} as role {role}", identity.user),
        }
    }
}
