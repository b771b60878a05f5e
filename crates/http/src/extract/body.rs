//! Requests that change something: their body, and the idempotency key by which a repeated request is recognised.

use std::error::Error;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request as HttpRequest};
use catalog::{Idempotent, Request};
use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode};
use http_body::Body as _;
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{ReadRequest, nul, route};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request with a JSON body.
#[derive(Debug)]
pub(crate) struct Posted<T> {
    pub(crate) request: Request,
    pub(crate) body: T,
}

/// A request that changes something and whose body is ignored, except for the idempotency fingerprint.
#[derive(Debug)]
pub(crate) struct Bodyless(pub(crate) Request);

impl<T: DeserializeOwned> FromRequest<App> for Posted<T> {
    type Rejection = ApiError;

    async fn from_request(request: HttpRequest, app: &App) -> ApiResult<Self> {
        let is_management = is_management(&request);
        let (request, bytes) = read(request, app).await?;
        if is_management {
            nul::refuse_in_json(&bytes)?;
        }
        // serde would read an array as the fields of a struct in order, and `[]` as a struct without fields.
        if bytes.trim_ascii_start().starts_with(b"[") {
            let message = "the request's body is a JSON array; it must be an object";
            return Err(ApiError::bad_request(message));
        }
        let body = serde_json::from_slice(&bytes).map_err(|error| {
            ApiError::bad_request(format!(
                "the request's body is not what is expected: {error}"
            ))
        })?;
        Ok(Self { request, body })
    }
}

impl FromRequest<App> for Bodyless {
    type Rejection = ApiError;

    async fn from_request(request: HttpRequest, app: &App) -> ApiResult<Self> {
        Ok(Self(read(request, app).await?.0))
    }
}

fn is_management(request: &HttpRequest) -> bool {
    route(request.extensions()).is_some_and(|route| route.starts_with("/management/"))
}

async fn read(request: HttpRequest, app: &App) -> ApiResult<(Request, Bytes)> {
    let (mut parts, body) = request.into_parts();
    let ReadRequest(mut asked) = ReadRequest::from_request_parts(&mut parts, app).await?;
    let key = idempotency_key(&parts.headers)?;
    let kept = key.map(|key| (key, parts.clone()));
    let max = app.settings.max_body_bytes;
    // By the length that it announces, before a client that expects `100 Continue` sends it.
    if body.size_hint().lower() > max as u64 {
        return Err(too_large(max));
    }
    let bytes = to_bytes(body, max).await;
    let bytes = bytes.map_err(|error| refused(max, &error))?;
    asked.idempotency = kept.map(|(key, parts)| {
        let fingerprint = fingerprint(&parts, &asked.caller.to_string(), &bytes);
        Idempotent { key, fingerprint }
    });
    Ok((asked, bytes))
}

fn refused(max: usize, error: &axum::Error) -> ApiError {
    if error
        .source()
        .is_some_and(<dyn Error>::is::<LengthLimitError>)
    {
        return too_large(max);
    }
    ApiError::bad_request(format!("the request's body cannot be read: {error}"))
}

fn too_large(max: usize) -> ApiError {
    let message = format!(
        "the request's body has more than {max} bytes (`LAKEKEEPER__MAX_REQUEST_BODY_SIZE`)"
    );
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", message)
}

fn idempotency_key(headers: &HeaderMap) -> ApiResult<Option<Uuid>> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        let message = "the header `idempotency-key` is given more than once";
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "DuplicateIdempotencyKey",
            message,
        ));
    }
    let key = value
        .to_str()
        .ok()
        .and_then(|text| Uuid::try_parse(text).ok());
    key.map(Some).ok_or_else(|| {
        let message = "the header `idempotency-key` must be a UUID";
        ApiError::new(StatusCode::BAD_REQUEST, "InvalidIdempotencyKey", message)
    })
}

/// A digest of method, path with query, caller and body, each preceded by its length so that their boundaries count.
fn fingerprint(parts: &Parts, caller: &str, body: &[u8]) -> [u8; 32] {
    let path = parts
        .uri
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut digest = Sha256::new();
    for part in [
        parts.method.as_str().as_bytes(),
        path.as_bytes(),
        caller.as_bytes(),
        body,
    ] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}
