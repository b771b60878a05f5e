//! Operations on warehouses.

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

/// A profile or credential out of a body, or the rule that it breaks, which the use case reports. Malformed JSON is refused
/// before the use case.
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

/// Parses the storage credential of a body. Errors never quote it.
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
