//! `GET /v1/project-list`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::load::GetProjectResponse;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::ReadRequest;

/// The listed projects.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListProjectsResponse {
    projects: Vec<GetProjectResponse>,
}

/// List projects
#[utoipa::path(get, path = "/v1/project-list", tag = "project", operation_id = "list_projects", responses((status = 200, body = ListProjectsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
) -> ApiResult<Json<ListProjectsResponse>> {
    let found = catalog::project::list(&app.catalog, &request).await?;
    Ok(Json(ListProjectsResponse {
        projects: found.into_iter().map(Into::into).collect(),
    }))
}
