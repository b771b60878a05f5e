//! Axum's extractors for queries and paths, with errors in the error model of the API; they also refuse U+0000.

use axum::extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::nul;
use crate::error::{ApiError, ApiResult};

/// The parameters in the query.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

/// The parameters in the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        nul::refuse_in_address(&parts.uri)?;
        let parsed = AxumQuery::from_request_parts(parts, state).await;
        let refused = |why: String| ApiError::bad_request(format!("the query: {why}"));
        match parsed {
            Ok(AxumQuery(query)) => Ok(Self(query)),
            Err(error) => Err(refused(error.body_text())),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        nul::refuse_in_address(&parts.uri)?;
        let parsed = AxumPath::from_request_parts(parts, state).await;
        let refused = |why: String| ApiError::bad_request(format!("the path: {why}"));
        match parsed {
            Ok(AxumPath(path)) => Ok(Self(path)),
            Err(error) => Err(refused(error.body_text())),
        }
    }
}
