//! Times in requests.

use model::{InvalidTimestamp, Timestamp};

use crate::error::{ApiError, ApiResult};

/// Parses a time (RFC 3339); `field` is for the error message.
pub(crate) fn time(field: &str, text: &str) -> ApiResult<Timestamp> {
    let at = text.parse();
    at.map_err(|error: InvalidTimestamp| ApiError::bad_request(format!("`{field}`: {error}")))
}
