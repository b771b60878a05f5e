//! The `openfga` backend: an authorizer that has OpenFGA decide.
//!
//! The catalog's database stays the record of grants, roles and hierarchy. Every change is handed over to OpenFGA
//! ([`store::Mirror`]) before OpenFGA is asked. Its permission model (`model.fga`) allows the same as `authz::Rights`; one
//! conformance suite checks both. While OpenFGA does not answer, nothing is allowed.

mod client;
mod credentials;
mod engine;
mod feed;
mod messages;
mod model;
mod reconcile;
mod setup;
#[cfg(feature = "stand-in")]
pub mod stand_in;
mod too_deep;
mod tuples;

pub use client::CallError;
pub use credentials::{Credentials, Secret};
pub use engine::OpenFga;
pub use reconcile::{Drift, Report};
pub use setup::{OpenFgaConfig, OpenFgaError};
