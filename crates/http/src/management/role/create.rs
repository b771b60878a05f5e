//! `POST /v1/role`.

use axum::Json;
use axum::extract::State;
use catalog::role::RoleCreate;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Role;
use crate::app::{App, to_the_end};
use crate::error::ApiResult;
use crate::extract::{Posted, project_id};

/// A role that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateRoleRequest {
    /// Unique in the project but for case.
    name: String,
    description: Option<String>,
    /// Deprecated: send `x-project-id`.
    project_id: Option<String>,
    /// Who knows who is in it; `lakekeeper` if absent.
    provider_id: Option<String>,
    /// What it is called there; must be there if `provider-id` is.
    source_id: Option<String>,
}

/// Create a role
#[utoipa::path(post, path = "/v1/role", tag = "role", operation_id = "create_role", request_body = CreateRoleRequest,
    params(("x-project-id" = Option<String>, Header, description = "The project; the default one if absent")),
    responses((status = 201, body = Role)))]
pub(crate) async fn create(
    State(app): State<App>,
    Posted { request, body }: Posted<CreateRoleRequest>,
) -> ApiResult<(StatusCode, Json<Role>)> {
    let new = RoleCreate {
        project: body.project_id.as_deref().map(project_id).transpose()?,
        name: body.name,
        description: body.description,
        provider: body.provider_id,
        source: body.source_id,
    };
    let changes = app.changes();
    let act = async move { catalog::role::create(&app.catalog, &request, new).await };
    Ok((
        StatusCode::CREATED,
        Json(to_the_end(changes, act).await?.into()),
    ))
}
