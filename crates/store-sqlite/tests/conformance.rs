//! The store keeps the contract of the traits.
#![allow(clippy::unwrap_used, reason = "a test may")]

use store_sqlite::SqliteStore;

store::conformance!(async { SqliteStore::temporary().unwrap() });
