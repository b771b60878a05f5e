//! Operations on projects.

pub(super) mod create;
pub(super) mod drop;
pub(super) mod list;
pub(super) mod load;
pub(super) mod rename;
