//! Runs the real program under the load of many clients, kills it at random, and checks what the clients were told against what
//! became of the tables.
//!
//! [`history`] is what is recorded, [`check`] decides whether it is allowed, the other modules make the run.

mod backend;
pub mod check;
mod client;
mod disk;
mod error;
mod fleet;
pub mod history;
mod mirror;
mod outbox;
mod outgrown;
mod plan;
mod postgres;
mod recorder;
mod remains;
mod replica;
mod report;
mod run;
mod sinks;
mod tasks;
mod warehouse;
mod work;
mod world;

pub use error::Error;
pub use plan::{Plan, StoreKind};
pub use report::Report;
pub use run::run;
