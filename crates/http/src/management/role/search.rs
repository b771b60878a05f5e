//! `POST /v1/search/role`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Role;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Posted, project_id};

/// What to search for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SearchRoleRequest {
    /// A part of a name, an ident or an id; its first 64 characters count.
    search: String,
    /// Deprecated: send `x-project-id`.
    project_id: Option<String>,
}

/// Roles that were found, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchRoleResponse {
    roles: Vec<Role>,
}

/// Find roles
///
/// Names with a mistake are found, too.
#[utoipa::path(post, path = "/v1/search/role", tag = "role", operation_id = "search_role", request_body = SearchRoleRequest,
    params(("x-project-id" = Option<String>, Header, description = "The project; the default one if absent")),
    responses((status = 200, body = SearchRoleResponse)))]
pub(crate) async fn search(
    State(app): State<App>,
    Posted { request, body }: Posted<SearchRoleRequest>,
) -> ApiResult<Json<SearchRoleResponse>> {
    let project = body.project_id.as_deref().map(project_id).transpose()?;
    let found = catalog::role::search(&app.catalog, &request, project, &body.search).await?;
    Ok(Json(SearchRoleResponse {
        roles: found.into_iter().map(Into::into).collect(),
    }))
}
