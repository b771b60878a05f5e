//! Grants: which principal has which privilege on which thing.

mod apply;
mod assignments;
mod described;
mod grantable;
mod list;
mod managed;
mod relation;

pub use apply::{GrantDiff, apply};
pub use assignments::{Assignments, assignments};
pub use described::PrivilegeInfo;
pub use grantable::grantable;
pub use list::{of_principal, on};
pub use managed::{managed_access, set_managed_access};
pub use relation::Relation;
