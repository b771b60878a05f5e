//! `DELETE /v1/project`, `DELETE /v1/project/{project_id}`.

use axum::extract::State;
use http::StatusCode;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Bodyless, Path, project_id};

/// Delete the project of the request
#[utoipa::path(delete, path = "/v1/project", tag = "project", operation_id = "delete_project",
    params(("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 204)))]
pub(crate) async fn drop(
    State(app): State<App>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    run_to_end(app.changes(), async move {
        catalog::project::drop(&app.catalog, &request, None).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a project
#[utoipa::path(delete, path = "/v1/project/{project_id}", tag = "project", operation_id = "delete_project_by_id_deprecated",
    params(("project_id" = String, Path)), responses((status = 204)))]
pub(crate) async fn drop_by_id(
    State(app): State<App>,
    Path(id): Path<String>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let id = project_id(&id)?;
    run_to_end(app.changes(), async move {
        catalog::project::drop(&app.catalog, &request, Some(id)).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
