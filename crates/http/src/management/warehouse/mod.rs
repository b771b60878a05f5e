//! Warehouses.

pub(super) mod create;
pub(super) mod drop;
pub(super) mod list;
pub(super) mod load;
pub(super) mod search;
pub(super) mod update;
pub(super) mod validate;

use catalog::CatalogError;
use catalog::warehouse::Storage;
use objects::{ProfileError, StorageCredential, StorageProfile};
use serde_json::Value;

use crate::error::ApiResult;

/// What was read of a body, or the rule that it breaks, for the use case to tell. What is malformed never gets there.
type Read<T> = Result<T, ProfileError>;

fn storage(profile: &Value, credential: Option<&Value>) -> ApiResult<Read<Storage>> {
    let profile = refuse_malformed(StorageProfile::from_request(profile))?;
    let credential = self::credential(credential)?;
    Ok(profile.and_then(|profile| {
        Ok(Storage {
            profile,
            credential: credential?,
        })
    }))
}

/// A storage credential of a body. Its errors never quote it.
fn credential(json: Option<&Value>) -> ApiResult<Read<Option<StorageCredential>>> {
    let given = json.filter(|json| !json.is_null());
    refuse_malformed(given.map(StorageCredential::from_request).transpose())
}

fn refuse_malformed<T>(read: Read<T>) -> ApiResult<Read<T>> {
    match read {
        Err(error @ ProfileError::Malformed { .. }) => Err(CatalogError::from(error).into()),
        read => Ok(read),
    }
}
