//! `GET /v1/user/{user_id}`.

use axum::Json;
use axum::extract::State;

use super::User;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Path, ReadRequest, user_id};

/// Load a user
#[utoipa::path(get, path = "/v1/user/{user_id}", tag = "user", operation_id = "get_user",
    params(("user_id" = String, Path)), responses((status = 200, body = User)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
) -> ApiResult<Json<User>> {
    let user = catalog::user::load(&app.catalog, &request, &user_id(&id)?).await?;
    Ok(Json(user.into()))
}
