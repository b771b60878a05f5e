//! Operations on views.

pub(crate) mod create;
pub(crate) mod drop;
pub(crate) mod exists;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod register;
pub(crate) mod rename;
pub(crate) mod replace;
