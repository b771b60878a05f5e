//! Grants: who has been given what on which thing.

mod apply;
mod described;
mod grantable;
mod list;
mod target;

pub use apply::{GrantDiff, apply};
pub use described::Described;
pub use grantable::grantable;
pub use list::{of_principal, on};
pub use target::GrantsOn;
