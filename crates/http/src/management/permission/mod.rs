//! Operations on permissions.

pub(crate) mod actions;
mod assignment;
pub(crate) mod batch_check;
pub(crate) mod check;
pub(crate) mod levels;
mod operation;
