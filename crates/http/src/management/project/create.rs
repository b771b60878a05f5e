//! `POST /v1/project`.

use axum::Json;
use axum::extract::State;
use catalog::project::ProjectCreate;
use http::StatusCode;
use model::ProjectId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::Posted;

/// A project to create. Its id is generated if absent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateProjectRequest {
    project_name: String,
    #[schema(value_type = Option<String>)]
    project_id: Option<ProjectId>,
}

/// The created project.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateProjectResponse {
    #[schema(value_type = String)]
    project_id: ProjectId,
}

/// Create a project
#[utoipa::path(post, path = "/v1/project", tag = "project", operation_id = "create_project",
    request_body = CreateProjectRequest, responses((status = 201, body = CreateProjectResponse)))]
pub(crate) async fn create(
    State(app): State<App>,
    Posted { request, body }: Posted<CreateProjectRequest>,
) -> ApiResult<(StatusCode, Json<CreateProjectResponse>)> {
    let new = ProjectCreate {
        id: body.project_id,
        name: body.project_name,
    };
    let project_id = run_to_end(app.changes(), async move {
        catalog::project::create(&app.catalog, &request, new).await
    })
    .await?;
    Ok((
        StatusCode::CREATED,
        Json(CreateProjectResponse { project_id }),
    ))
}
