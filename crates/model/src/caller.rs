//! Who sent a request.

use std::fmt;
use std::sync::Arc;

use crate::{Identity, Principal, RoleId, RoleIdent};

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
    /// Who has what it does or is given: the user, or the role that it acts as. Being in a role does not make what the role has one's own.
    pub fn principal(&self) -> Option<Principal> {
        match self {
            Self::User(identity) => Some(Principal::User(identity.user.clone())),
            Self::Role(_, role) => Some(Principal::Role(*role)),
            Self::Anonymous | Self::System => None,
        }
    }

    /// The roles that its token names, and those that it was given when it was let in. Who acts as a role has none but that. What cannot
    /// name a role is left out.
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
