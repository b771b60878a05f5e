//! `DELETE /v1/user/{user_id}`.

use axum::extract::State;
use http::StatusCode;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Bodyless, Path, user_id};

/// Delete a user
///
/// A deleted user who calls again is registered as a new user.
#[utoipa::path(delete, path = "/v1/user/{user_id}", tag = "user", operation_id = "delete_user",
    params(("user_id" = String, Path)), responses((status = 204)))]
pub(crate) async fn drop(
    State(app): State<App>,
    Path(id): Path<String>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let id = user_id(&id)?;
    run_to_end(app.changes(), async move {
        catalog::user::drop(&app.catalog, &request, &id).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
