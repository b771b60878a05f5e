//! `GET /v1/whoami`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::User;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::ReadRequest;

/// The calling user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WhoamiResponse {
    #[serde(flatten)]
    user: User,
    /// Whether the server's configuration makes the user an administrator of the installation.
    is_instance_admin: bool,
}

/// Get the calling user
///
/// Answers 401 if the catalog runs without authentication, and 404 if the user has not been created yet.
#[utoipa::path(get, path = "/v1/whoami", tag = "user", operation_id = "whoami",
    responses((status = 200, body = WhoamiResponse), (status = 401),
        (status = 404, description = "The caller has not been created as a user yet")))]
pub(crate) async fn whoami(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
) -> ApiResult<Json<WhoamiResponse>> {
    let Some(user) = catalog::user::of_caller(&app.catalog, &request).await? else {
        let message = "the catalog runs without authentication: there is no user";
        let kind = "GetMyUserWithoutToken";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, kind, message));
    };
    Ok(Json(WhoamiResponse {
        user: user.into(),
        is_instance_admin: app.catalog.is_instance_admin(&request),
    }))
}
