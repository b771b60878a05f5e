//! `GET /v1/whoami`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::User;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::Asked;

/// Whoever asks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WhoamiResponse {
    #[serde(flatten)]
    user: User,
    /// Whether the operator has made them an administrator of the installation by its configuration.
    is_instance_admin: bool,
}

/// Who the caller is
///
/// Without authentication nobody is known, which is answered as today's Lakekeeper answers it.
#[utoipa::path(get, path = "/v1/whoami", tag = "user", operation_id = "whoami",
    responses((status = 200, body = WhoamiResponse), (status = 401), (status = 404, description = "The caller has not been met yet")))]
pub(crate) async fn whoami(
    State(app): State<App>,
    Asked(request): Asked,
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
