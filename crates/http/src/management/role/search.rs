//! `POST /v1/search/role`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Role;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Posted, project_id};

/// The text to search for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SearchRoleRequest {
    /// A part of a name, an ident or an id. Only the first 64 characters count.
    search: String,
    /// The id of the project. Deprecated: send the header `x-project-id` instead.
    project_id: Option<String>,
}

/// At most 10 roles, the best match first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchRoleResponse {
    roles: Vec<Role>,
}

/// Search roles
///
/// Finds names with typing errors, too.
#[utoipa::path(post, path = "/v1/search/role", tag = "role", operation_id = "search_role", request_body = SearchRoleRequest,
    params(("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
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
