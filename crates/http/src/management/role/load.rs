//! `GET /v1/role/{role_id}` and `GET /v1/role/{role_id}/metadata`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::RoleRow;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Role, role_id};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Path, ReadRequest};

/// The names and ids of a role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RoleMetadata {
    id: Uuid,
    /// `<provider-id>~<source-id>`, unique in its project.
    ident: String,
    provider_id: String,
    source_id: String,
    name: String,
    project_id: String,
}

impl From<RoleRow> for RoleMetadata {
    fn from(row: RoleRow) -> Self {
        Self {
            id: row.id.as_uuid(),
            ident: row.ident.to_string(),
            provider_id: row.ident.provider().to_owned(),
            source_id: row.ident.source().to_owned(),
            name: row.name.as_str().to_owned(),
            project_id: row.project.to_string(),
        }
    }
}

/// Load a role
#[utoipa::path(get, path = "/v1/role/{role_id}", tag = "role", operation_id = "get_role",
    params(("role_id" = String, Path),
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = Role)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
) -> ApiResult<Json<Role>> {
    let role = catalog::role::load(&app.catalog, &request, role_id(&id)?).await?;
    Ok(Json(role.into()))
}

/// Load the names and ids of a role
///
/// The role may be in any project.
#[utoipa::path(get, path = "/v1/role/{role_id}/metadata", tag = "role", operation_id = "get_role_metadata",
    params(("role_id" = String, Path)), responses((status = 200, body = RoleMetadata)))]
pub(crate) async fn metadata(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
) -> ApiResult<Json<RoleMetadata>> {
    let role = catalog::role::load_metadata(&app.catalog, &request, role_id(&id)?).await?;
    Ok(Json(role.into()))
}
