//! Storage credentials in HashiCorp Vault or OpenBao: the KV secrets engine, version 2, over its HTTP API.
//!
//! A secret lies at `<mount>/data/secret/<id>`, as today's Lakekeeper keeps it, so what it has stored is found. What Vault is asked
//! is bounded in time, attempts and bytes; what is in the database of a secret here is a note that it exists.

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
