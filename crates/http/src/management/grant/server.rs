//! `/v1/server/grants`.

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

/// Who has been given what on the server
///
/// What one has been given oneself everybody may see who sees the server.
#[utoipa::path(get, path = "/v1/server/grants", tag = "grant", operation_id = "list_server_grants",
    params(ListGrantsQuery),
    responses((status = 200, body = ListGrantsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(request): Asked,
    Query(query): Query<ListGrantsQuery>,
) -> ApiResult<Json<ListGrantsResponse>> {
    super::list(app, request, (GrantsOn::Server, query)).await
}

/// Give and take back on the server
///
/// All or nothing, and as often as one likes.
#[utoipa::path(post, path = "/v1/server/grants", tag = "grant", operation_id = "apply_server_grants",
    request_body = ApplyGrantsRequest, responses((status = 204)))]
pub(crate) async fn apply(
    State(app): State<App>,
    posted: Posted<ApplyGrantsRequest>,
) -> ApiResult<StatusCode> {
    super::apply(app, posted, GrantsOn::Server).await
}

/// What one may give to others on the server
#[utoipa::path(get, path = "/v1/server/grants/grantable-privileges", tag = "grant",
    operation_id = "get_server_grantable_privileges", params(GrantAccessQuery),
    responses((status = 200, body = ResourceGrantablePrivilegesResponse)))]
pub(crate) async fn grantable(
    State(app): State<App>,
    Asked(request): Asked,
    Query(query): Query<GrantAccessQuery>,
) -> ApiResult<Json<ResourceGrantablePrivilegesResponse>> {
    super::grantable(app, request, (GrantsOn::Server, query)).await
}
