//! Who sent a request.

use std::fmt;
use std::sync::Arc;

use crate::{Identity, Principal, RoleId, RoleIdent};

/// The identity on whose behalf a request runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Authentication is not configured, so the sender is not known.
    Anonymous,
    /// The catalog itself: background work and commands of the operator on the machine.
    System,
    /// A user whose token was verified.
    User(Arc<Identity>),
    /// A user that acts as one of its roles for this request, and has only that role's rights.
    Role(Arc<Identity>, RoleId),
}

impl Caller {
    /// The principal that the caller acts as: the user, or the role that the user acts as. It owns what the caller
    /// creates, and its grants are the caller's own; grants of other roles that the user is in are not. `None` for
    /// [`Self::Anonymous`] and [`Self::System`].
    pub fn principal(&self) -> Option<Principal> {
        match self {
            Self::User(identity) => Some(Principal::User(identity.user.clone())),
            Self::Role(_, role) => Some(Principal::Role(*role)),
            Self::Anonymous | Self::System => None,
        }
    }

    /// The roles that the token names, and the roles that admission gave the user. None if the user acts as a role.
    /// Texts that cannot name a role are left out.
    pub fn named_roles(&self) -> Vec<RoleIdent> {
        let Self::User(identity) = self else {
            return Vec::new();
        };
        let provider = identity.user.provider();
        let of_token = identity.roles.iter().flatten();
        let of_token = of_token.filter_map(|source| RoleIdent::new(provider, source).ok());
        let mut named: Vec<_> = of_token.collect();
        named.extend_from_slice(&identity.admission_roles);
        named
    }

    /// What is known of the user; `None` for [`Self::Anonymous`] and [`Self::System`].
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
