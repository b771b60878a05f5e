//! The store against a real server.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    reason = "these are tests"
)]

mod cluster;

use store_postgres::PostgresStore;

store::conformance!(async { PostgresStore::temporary(cluster::url()).await.unwrap() });
