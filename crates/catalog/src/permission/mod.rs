//! Answers what the caller, or somebody else, may do. Nothing is changed here, so only the authorizer is asked.

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
