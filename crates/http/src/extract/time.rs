//! Times in requests.

use model::{InvalidTimestamp, Timestamp};

use crate::error::{ApiError, ApiResult};

/// The time that a field is set to, as RFC 3339 has it.
pub(crate) fn time(field: &str, text: &str) -> ApiResult<Timestamp> {
    let at = text.parse();
    at.map_err(|error: InvalidTimestamp| ApiError::bad_request(format!("`{field}`: {error}")))
}
