//! From the answers of Google's JSON API to our errors.

use reqwest::Response;
use reqwest::header::HeaderValue;
use serde_json::Value;

use crate::connection::{REQUEST_TIMEOUT, in_words};
use crate::error::{ObjectError, StoreFailure};
use crate::location::{Location, shortened};
use crate::secret::Secret;

/// What is read of an answer that is no success.
const MAX_BYTES: usize = 64 << 10;

/// `Authorization` for a token, which `Debug` does not show.
pub(super) fn bearer(token: &Secret<String>) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// There was no answer, or no whole one.
pub(super) fn broken(at: &Location, error: &reqwest::Error) -> ObjectError {
    ObjectError::unavailable(at, in_words(error, REQUEST_TIMEOUT))
}

/// What an answer that is no success means for the one who asked for `at`.
pub(super) async fn refusal(at: &Location, mut response: Response) -> ObjectError {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // An answer that breaks off has its status all the same.
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
        // 409: another request changes the object right now.
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

/// <https://cloud.google.com/storage/docs/json_api/v1/status-codes>: the first reason is the most exact code.
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
