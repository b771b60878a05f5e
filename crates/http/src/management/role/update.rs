//! `POST /v1/role/{role_id}` and `PUT /v1/role/{role_id}/source-system`.

use axum::Json;
use axum::extract::State;
use catalog::role::RoleUpdate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Role, role_id};
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Path, Posted};

/// The new name and description of a role.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UpdateRoleRequest {
    name: String,
    /// If absent, the role has no description any more.
    description: Option<String>,
}

/// The system that manages the members of the role, and the id of the role in it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct UpdateRoleSourceSystemRequest {
    source_id: String,
    provider_id: String,
}

/// Update the name and description of a role
#[utoipa::path(post, path = "/v1/role/{role_id}", tag = "role", operation_id = "update_role", request_body = UpdateRoleRequest,
    params(("role_id" = String, Path),
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = Role)))]
pub(crate) async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    Posted { request, body }: Posted<UpdateRoleRequest>,
) -> ApiResult<Json<Role>> {
    let id = role_id(&id)?;
    let update = RoleUpdate {
        name: body.name,
        description: body.description,
    };
    let changes = app.changes();
    let act = async move { catalog::role::update(&app.catalog, &request, id, update).await };
    Ok(Json(run_to_end(changes, act).await?.into()))
}

/// Bind a role to a role of another system
///
/// From then on, a user has the role if a token of provider `provider-id` names `source-id` as a role.
#[utoipa::path(put, path = "/v1/role/{role_id}/source-system", tag = "role", operation_id = "update_role_source_system",
    request_body = UpdateRoleSourceSystemRequest,
    params(("role_id" = String, Path),
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = Role)))]
pub(crate) async fn source_system(
    State(app): State<App>,
    Path(id): Path<String>,
    Posted { request, body }: Posted<UpdateRoleSourceSystemRequest>,
) -> ApiResult<Json<Role>> {
    let id = role_id(&id)?;
    let changes = app.changes();
    let act = async move {
        let (provider, source) = (&body.provider_id, &body.source_id);
        catalog::role::rebind(&app.catalog, &request, id, provider, source).await
    };
    Ok(Json(run_to_end(changes, act).await?.into()))
}
