//! Storage credentials in HashiCorp Vault or OpenBao: the KV secrets engine, version 2, over its HTTP API.
//!
//! A secret is stored at `<mount>/data/secret/<id>`, like in today's Lakekeeper, so secrets that it has stored are
//! found. Requests to Vault are bounded in time, attempts and bytes. The database only has a note that the secret
//! exists.

mod client;
mod config;
mod error;
#[cfg(feature = "stand-in")]
pub mod kv2_stand_in;
mod login;
mod payload;
mod session;
mod single_flight;
mod store;

pub use config::{Login, Source, VaultConfig};
pub use error::{Result, VaultError};
pub use store::VaultSecrets;
