//! `POST /v1/role`.

use axum::Json;
use axum::extract::State;
use catalog::role::RoleCreate;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Role;
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Posted, project_id};

/// A role to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateRoleRequest {
    /// The name of the role: unique in the project, case-insensitive.
    name: String,
    description: Option<String>,
    /// The id of the project. Deprecated: send the header `x-project-id` instead.
    project_id: Option<String>,
    /// The system that manages the members of the role: `lakekeeper` if absent, or an identity provider.
    provider_id: Option<String>,
    /// The id of the role in that system; given if and only if `provider-id` is.
    source_id: Option<String>,
}

/// Create a role
#[utoipa::path(post, path = "/v1/role", tag = "role", operation_id = "create_role", request_body = CreateRoleRequest,
    params(("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
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
        Json(run_to_end(changes, act).await?.into()),
    ))
}
