//! Decides by OpenFGA: the `openfga` backend.
//!
//! The catalog's database stays the record of grants, roles and hierarchy. OpenFGA is told of every change ([`store::Mirror`]) before
//! it is asked, and the permission model that it evaluates (`model.fga`) says what `authz::Rights` says; one conformance suite
//! holds both to it. When OpenFGA does not answer, nothing is allowed.

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
