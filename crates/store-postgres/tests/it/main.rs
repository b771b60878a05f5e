//! Tests of the store with a real server.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "these are tests"
)]

mod broken;
mod catalog;
mod claims;
mod cluster;
mod crash;
mod exclusion;
mod growth;
mod hosts;
mod layout;
mod order;
mod plans;
mod storm;
mod tls;

use store_postgres::PostgresStore;

store::conformance!(async { PostgresStore::temporary(cluster::url()).await.unwrap() });
