//! `POST /v1/project/rename`, `POST /v1/project/{project_id}/rename`.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Path, Posted, project_id};

/// The new name of a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RenameProjectRequest {
    new_name: String,
}

/// Rename the project of the request
#[utoipa::path(post, path = "/v1/project/rename", tag = "project", operation_id = "rename_project",
    params(("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    request_body = RenameProjectRequest, responses((status = 200)))]
pub(crate) async fn rename(
    State(app): State<App>,
    Posted { request, body }: Posted<RenameProjectRequest>,
) -> ApiResult<StatusCode> {
    run_to_end(app.changes(), async move {
        catalog::project::rename(&app.catalog, &request, None, &body.new_name).await
    })
    .await?;
    Ok(StatusCode::OK)
}

/// Rename a project
#[utoipa::path(post, path = "/v1/project/{project_id}/rename", tag = "project", operation_id = "rename_project_by_id_deprecated",
    params(("project_id" = String, Path)), request_body = RenameProjectRequest, responses((status = 200)))]
pub(crate) async fn rename_by_id(
    State(app): State<App>,
    Path(id): Path<String>,
    Posted { request, body }: Posted<RenameProjectRequest>,
) -> ApiResult<StatusCode> {
    let id = project_id(&id)?;
    run_to_end(app.changes(), async move {
        catalog::project::rename(&app.catalog, &request, Some(id), &body.new_name).await
    })
    .await?;
    Ok(StatusCode::OK)
}
