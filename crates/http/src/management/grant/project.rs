//! `/v1/project/grants`.

use axum::Json;
use axum::extract::State;
use catalog::grant::GrantsOn;
use http::StatusCode;

use super::body::{
    ApplyGrantsRequest, GrantAccessQuery, ListGrantsQuery, ListGrantsResponse,
    ResourceGrantablePrivilegesResponse,
};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Asked, Posted, Query};

/// Who has been given what on a project
///
/// What one has been given oneself everybody may see who sees the project.
#[utoipa::path(get, path = "/v1/project/grants", tag = "grant", operation_id = "list_project_grants",
    params(ListGrantsQuery,
        ("x-project-id" = Option<String>, Header, description = "The project; the default one if absent")),
    responses((status = 200, body = ListGrantsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(request): Asked,
    Query(query): Query<ListGrantsQuery>,
) -> ApiResult<Json<ListGrantsResponse>> {
    super::list(app, request, (GrantsOn::Project, query)).await
}

/// Give and take back on a project
///
/// All or nothing, and as often as one likes.
#[utoipa::path(post, path = "/v1/project/grants", tag = "grant", operation_id = "apply_project_grants",
    params(("x-project-id" = Option<String>, Header, description = "The project; the default one if absent")),
    request_body = ApplyGrantsRequest, responses((status = 204)))]
pub(crate) async fn apply(
    State(app): State<App>,
    posted: Posted<ApplyGrantsRequest>,
) -> ApiResult<StatusCode> {
    super::apply(app, posted, GrantsOn::Project).await
}

/// What one may give to others on a project
#[utoipa::path(get, path = "/v1/project/grants/grantable-privileges", tag = "grant",
    operation_id = "get_project_grantable_privileges", params(GrantAccessQuery,
        ("x-project-id" = Option<String>, Header, description = "The project; the default one if absent")),
    responses((status = 200, body = ResourceGrantablePrivilegesResponse)))]
pub(crate) async fn grantable(
    State(app): State<App>,
    Asked(request): Asked,
    Query(query): Query<GrantAccessQuery>,
) -> ApiResult<Json<ResourceGrantablePrivilegesResponse>> {
    super::grantable(app, request, (GrantsOn::Project, query)).await
}
