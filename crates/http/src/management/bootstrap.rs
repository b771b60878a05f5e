//! `POST /v1/bootstrap`.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, to_the_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::Posted;

/// Acceptance of the terms of use. What describes the first user (`is-operator`, `user-name`, …) has no meaning without
/// authentication.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct BootstrapRequest {
    accept_terms_of_use: bool,
}

/// Make the installation usable; works once
#[utoipa::path(post, path = "/v1/bootstrap", tag = "server", operation_id = "bootstrap", request_body = BootstrapRequest, responses((status = 204)))]
pub(crate) async fn bootstrap(
    State(app): State<App>,
    Posted { request, body }: Posted<BootstrapRequest>,
) -> ApiResult<StatusCode> {
    if !body.accept_terms_of_use {
        let message = "the terms of use must be accepted: send `\"accept-terms-of-use\": true`";
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "TermsOfUseNotAccepted",
            message,
        ));
    }
    to_the_end(async move { catalog::server::bootstrap(&app.catalog, &request).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}
