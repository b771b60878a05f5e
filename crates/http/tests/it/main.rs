//! Tests of the whole service through its HTTP APIs, with a temporary database and folder.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

mod admission;
mod approval_failures;
mod approval_moments;
mod assignments;
mod attacks;
mod audit;
mod authentication;
mod authorization;
mod bad_input;
mod big_drops;
mod commits;
mod contract;
mod cors;
mod cut;
mod delegation;
mod encodings;
mod endpoints;
mod events;
mod files;
mod format_versions;
mod generic_tables;
mod granting;
mod grants;
mod grants_back;
mod hidden;
mod holding;
mod idempotency;
mod kept_grants;
mod layouts;
mod lists;
mod managed;
mod managed_access;
mod management;
mod metadata_cleanup;
mod moves;
mod namespaces;
mod operations;
mod permissions;
mod protection;
mod races;
mod real_s3;
mod registration;
mod rename_grants;
mod replaced_credentials;
mod roles;
mod s3_tables;
mod search;
mod signing;
mod soft_deletion;
mod staging;
mod statistics;
mod storage;
mod tables;
mod tag_definitions;
mod tags;
mod tasks;
mod together;
mod transactions;
mod users;
mod validation;
mod view_owner;
mod view_security;
mod views;

use serde_json::{Value, json};

/// A commit that sets one property, and requires that the table has this UUID.
fn set_property(uuid: &Value, key: &str, value: &str) -> Value {
    json!({
        "requirements": [{ "type": "assert-table-uuid", "uuid": uuid }],
        "updates": [{ "action": "set-properties", "updates": { key: value } }],
    })
}
