//! `POST /v1/bootstrap`.

use axum::extract::State;
use catalog::server::Operation;
use catalog::user::NewUser;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::Posted;
use crate::management::user::UserTypeField;

/// Acceptance of the terms of use, and how to register the caller as the first user. Absent user fields are taken from the
/// token; without authentication there is no user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct BootstrapRequest {
    /// Must be `true`.
    accept_terms_of_use: bool,
    /// Whether the caller is a program that operates the installation: it may then do everything. Otherwise the caller becomes
    /// an administrator of the server and of the default project.
    #[serde(default)]
    is_operator: bool,
    user_name: Option<String>,
    user_email: Option<String>,
    user_type: Option<UserTypeField>,
}

/// Bootstrap the installation; works only once
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
    let said = NewUser {
        name: body.user_name,
        email: body.user_email,
        user_type: body.user_type.map(Into::into),
    };
    let operation = if body.is_operator {
        Operation::ByOperator
    } else {
        Operation::ByAdmin
    };
    run_to_end(app.changes(), async move {
        catalog::server::bootstrap(&app.catalog, &request, said, operation).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
