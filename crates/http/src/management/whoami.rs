//! `GET /v1/whoami`.

use http::StatusCode;

use crate::error::ApiError;

/// Who the caller is
///
/// Without authentication nobody is known, which is answered as today's Lakekeeper answers it.
#[utoipa::path(get, path = "/v1/whoami", tag = "user", operation_id = "whoami", responses((status = 401)))]
pub(crate) async fn whoami() -> ApiError {
    let message = "the catalog runs without authentication: there is no user";
    ApiError::new(StatusCode::UNAUTHORIZED, "GetMyUserWithoutToken", message)
}
