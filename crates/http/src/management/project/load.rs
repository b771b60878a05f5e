//! `GET /v1/project`, `GET /v1/project/{project_id}`.

use axum::Json;
use axum::extract::State;
use model::ProjectId;
use serde::Serialize;
use store::ProjectRow;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Path, ReadRequest, project_id};

/// A project.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GetProjectResponse {
    #[schema(value_type = String)]
    project_id: ProjectId,
    project_name: String,
}

impl From<ProjectRow> for GetProjectResponse {
    fn from(row: ProjectRow) -> Self {
        Self {
            project_id: row.id,
            project_name: row.name,
        }
    }
}

/// Load the project of the request
#[utoipa::path(get, path = "/v1/project", tag = "project", operation_id = "get_project",
    params(("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = GetProjectResponse)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
) -> ApiResult<Json<GetProjectResponse>> {
    Ok(Json(
        catalog::project::load(&app.catalog, &request, None)
            .await?
            .into(),
    ))
}

/// Load a project
#[utoipa::path(get, path = "/v1/project/{project_id}", tag = "project", operation_id = "get_project_by_id_deprecated",
    params(("project_id" = String, Path)), responses((status = 200, body = GetProjectResponse)))]
pub(crate) async fn load_by_id(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
) -> ApiResult<Json<GetProjectResponse>> {
    let id = project_id(&id)?;
    Ok(Json(
        catalog::project::load(&app.catalog, &request, Some(id))
            .await?
            .into(),
    ))
}
