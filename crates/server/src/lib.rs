//! The catalog as a whole: configuration, wiring, serving.
//!
//! [`Lakekeeper::builder`] is for those who bring their own store, secrets or authorizer; the binary beside this
//! library is a command line around it.

mod app;
pub mod backend;
pub mod config;
mod error;
pub mod health;
pub mod listener;
pub mod logs;
pub mod metrics;
mod routes;
mod serve;

pub use app::{Builder, Lakekeeper};
pub use error::Error;
pub use serve::Bound;
