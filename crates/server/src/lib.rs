//! The server: configuration, wiring of the parts, listening and serving.
//!
//! [`Lakekeeper::builder`] is for programs that embed the catalog with their own store, secret store, authenticator
//! or authorizer. The `lakekeeper` binary is a command line around this library.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use authz::Authorizer;
//! use lakekeeper::config::{Config, Needs, Sources, variables};
//! use lakekeeper::{Error, Lakekeeper};
//! use tokio_util::sync::CancellationToken;
//!
//! async fn serve(mine: Arc<dyn Authorizer>, stop: CancellationToken) -> Result<(), Error> {
//!     let sources = Sources { environment: variables(), ..Sources::default() };
//!     let config = Config::load(&sources, Needs::Secrets)?;
//!     lakekeeper::logs::install(&config.logs);
//!     let lakekeeper = Lakekeeper::builder(config).authorizer(mine).build().await?;
//!     lakekeeper.bind().await?.serve(stop).await
//! }
//! ```

mod app;
mod authentication;
pub mod backend;
mod bootstrapped;
pub mod config;
mod error;
mod events;
mod gates;
pub mod health;
pub mod listener;
pub mod logs;
pub mod metrics;
pub mod openfga;
mod routes;
pub mod secrets;
mod serve;
mod verifiers;

pub use app::{Builder, Lakekeeper};
pub use error::Error;
pub use serve::Bound;
