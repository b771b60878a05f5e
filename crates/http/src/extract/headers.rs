//! Takes the headers out of a request without a body.

use std::convert::Infallible;
use std::mem;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;

/// All headers, moved out of the request: the `HeaderMap` extractor would clone them. Extractors that read headers must come
/// before this one.
#[derive(Debug)]
pub(crate) struct Headers(pub(crate) HeaderMap);

impl<S: Send + Sync> FromRequestParts<S> for Headers {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(mem::take(&mut parts.headers)))
    }
}
