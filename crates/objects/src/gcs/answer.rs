//! Turns the answers of Google's JSON API into our errors.

use reqwest::Response;
use reqwest::header::HeaderValue;
use serde_json::Value;

use crate::connection::{REQUEST_TIMEOUT, in_words};
use crate::error::{ObjectError, StoreFailure};
use crate::location::{Location, shortened};
use crate::secret::Secret;

/// Most bytes read of an answer that reports a failure.
const MAX_BYTES: usize = 64 << 10;

/// The `Authorization` header for a token; `Debug` does not show it.
pub(super) fn bearer(token: &Secret<String>) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The error if there was no answer, or only a part of it.
pub(super) fn broken(at: &Location, error: &reqwest::Error) -> ObjectError {
    ObjectError::unavailable(at, in_words(error, REQUEST_TIMEOUT))
}

/// The error of an operation on `at` whose answer reports a failure.
pub(super) async fn refusal(at: &Location, mut response: Response) -> ObjectError {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // If the answer breaks off, its status is known nevertheless.
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MAX_BYTES {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    classified(at, failure(status, &body))
}

fn classified(at: &Location, failure: StoreFailure) -> ObjectError {
    let is_bucket = failure.message.contains("bucket does not exist");
    let code = failure.code.clone().unwrap_or_default();
    let (location, source) = (at.clone(), Box::new(failure));
    match source.status {
        // 409: another request is changing the object.
        Some(408 | 409 | 429 | 500 | 502..=599) => ObjectError::Unavailable { location, source },
        Some(403) if code.to_ascii_lowercase().contains("ratelimit") => {
            ObjectError::Unavailable { location, source }
        }
        Some(401 | 403) => ObjectError::PermissionDenied { location, source },
        Some(404) if !is_bucket => ObjectError::NotFound { location, source },
        Some(412) => ObjectError::AlreadyExists { location, source },
        _ => ObjectError::Invalid { location, source },
    }
}

/// Reads an error as described in <https://cloud.google.com/storage/docs/json_api/v1/status-codes>; the first reason
/// is the most specific code.
fn failure(status: u16, body: &[u8]) -> StoreFailure {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |pointer| body.pointer(pointer).and_then(Value::as_str).map(shortened);
    StoreFailure {
        status: Some(status),
        code: text("/error/errors/0/reason").or_else(|| text("/error/status")),
        message: text("/error/message")
            .filter(|message| !message.is_empty())
            .unwrap_or_else(|| "the store refused the request".to_owned()),
    }
}
