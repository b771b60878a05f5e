//! Questions about permissions.

pub(crate) mod actions;
pub(crate) mod batch_check;
pub(crate) mod check;
mod operation;
