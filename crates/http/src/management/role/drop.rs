//! `DELETE /v1/role/{role_id}`.

use axum::extract::State;
use http::StatusCode;

use super::role_id;
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Bodyless, Path};

/// Delete a role
///
/// All grants to the role and on the role are deleted, too.
#[utoipa::path(delete, path = "/v1/role/{role_id}", tag = "role", operation_id = "delete_role",
    params(("role_id" = String, Path),
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 204)))]
pub(crate) async fn drop(
    State(app): State<App>,
    Path(id): Path<String>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let id = role_id(&id)?;
    run_to_end(app.changes(), async move {
        catalog::role::drop(&app.catalog, &request, id).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
