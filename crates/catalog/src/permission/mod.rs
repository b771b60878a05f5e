//! Answers what the caller, or somebody else, may do. Nothing is changed here, so the authorizer's answers suffice
//! without a proof.

mod actions;
mod batch;
mod kept;
mod subject;
mod target;

pub use actions::{actions, relations};
pub use batch::{BatchCheck, Missing, check, check_all};
pub(crate) use subject::other;
pub(crate) use target::Found;
pub use target::{NamespaceAt, TabularAt, Target};
