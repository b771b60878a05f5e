//! Connections: a pool for changes and current reads, a pool for lists, and lanes for resolving names.

mod advisory;
mod change;
mod config;
mod lanes;
mod open;
mod session;
mod temporary;
mod tls;

pub use config::{PostgresConfig, Tls};
pub use temporary::TemporaryDatabase;

pub(crate) use advisory::AdvisoryLocks;
pub(crate) use change::{Attempts, BoxedWork, change, in_own_task};
pub(crate) use lanes::Lanes;
pub(crate) use open::{Pools, connect};
pub(crate) use session::{OpenTransaction, Session};
