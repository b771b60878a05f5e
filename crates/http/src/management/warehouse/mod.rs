//! Warehouses.

pub(super) mod create;
pub(super) mod drop;
pub(super) mod list;
pub(super) mod load;
pub(super) mod update;

use objects::{StorageCredential, StorageProfile};
use serde_json::Value;

use crate::error::{ApiError, ApiResult};

/// A storage profile of a body.
fn profile(json: &Value) -> ApiResult<StorageProfile> {
    StorageProfile::from_json(json).map_err(|error| catalog::CatalogError::from(error).into())
}

/// A storage credential of a body. Its errors never quote it.
fn credential(json: Option<&Value>) -> ApiResult<Option<StorageCredential>> {
    let given = json.filter(|json| !json.is_null());
    let parsed = given.map(StorageCredential::from_json).transpose();
    parsed.map_err(|error| ApiError::from(catalog::CatalogError::from(error)))
}
