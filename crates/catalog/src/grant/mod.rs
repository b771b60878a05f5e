//! Grants: who has been given what on which thing.

mod apply;
mod grantable;
mod level;
mod list;
mod target;

pub use apply::{GrantDiff, apply};
pub use grantable::grantable;
pub use level::{Described, Level};
pub use list::{of_principal, on};
pub use target::GrantsOn;

use model::{Caller, Principal};

/// The principal that a request acts as. Being in a role does not make what the role has been given one's own.
fn principal_of(caller: &Caller) -> Option<Principal> {
    match caller {
        Caller::User(identity) => Some(Principal::User(identity.user.clone())),
        Caller::Role(_, role) => Some(Principal::Role(*role)),
        Caller::Anonymous | Caller::System => None,
    }
}
