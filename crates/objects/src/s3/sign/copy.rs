//! The source of a copy.

use super::SignError;
use super::headers::COPY_SOURCE;
use super::key::check_key;
use super::uri::decode;

/// The key that a value of `x-amz-copy-source` names in `bucket`.
///
/// The value is signed as the client spells it, so only spellings are accepted that all readers decode alike.
pub(super) fn source_key(value: &str, bucket: &str) -> Result<String, SignError> {
    let refuse = |reason| SignError::header(COPY_SOURCE, reason);
    if value.contains(['?', '#', '+', '\\', ' ', '\t']) {
        return Err(refuse(
            "must be the percent-encoded `bucket/key`, without a version",
        ));
    }
    let value = value.strip_prefix('/').unwrap_or(value);
    let Some(encoded) = value
        .strip_prefix(bucket)
        .and_then(|rest| rest.strip_prefix('/'))
    else {
        return Err(refuse("names another bucket than the warehouse's"));
    };
    let key = decode(encoded).map_err(refuse)?;
    if key.matches('/').count() != encoded.matches('/').count() {
        return Err(refuse("has an encoded slash: write `/`"));
    }
    check_key(&key)?;
    Ok(key)
}
