//! Operations on tables.

pub(crate) mod commit;
pub(crate) mod create;
pub(crate) mod credentials;
pub(crate) mod drop;
pub(crate) mod exists;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod register;
pub(crate) mod rename;
pub(crate) mod report_metrics;
pub(crate) mod sign;
pub(crate) mod unregister;
