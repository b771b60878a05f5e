//! `/v1/warehouse/{warehouse_id}/grants`.

use axum::Json;
use axum::extract::State;
use catalog::grant::GrantsOn;
use http::StatusCode;
use model::WarehouseId;

use super::body::{
    ApplyGrantsRequest, GrantAccessQuery, ListGrantsQuery, ListGrantsResponse,
    ResourceGrantablePrivilegesResponse,
};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Asked, Path, Posted, Query};

/// Who has been given what on a warehouse
///
/// What one has been given oneself everybody may see who sees the warehouse.
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/grants", tag = "grant", operation_id = "list_warehouse_grants",
    params(("warehouse_id" = uuid::Uuid, Path), ListGrantsQuery),
    responses((status = 200, body = ListGrantsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(request): Asked,
    Path(id): Path<WarehouseId>,
    Query(query): Query<ListGrantsQuery>,
) -> ApiResult<Json<ListGrantsResponse>> {
    super::list(app, request, (GrantsOn::Warehouse(id), query)).await
}

/// Give and take back on a warehouse
///
/// All or nothing, and as often as one likes.
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/grants", tag = "grant", operation_id = "apply_warehouse_grants",
    params(("warehouse_id" = uuid::Uuid, Path)),
    request_body = ApplyGrantsRequest, responses((status = 204)))]
pub(crate) async fn apply(
    State(app): State<App>,
    Path(id): Path<WarehouseId>,
    posted: Posted<ApplyGrantsRequest>,
) -> ApiResult<StatusCode> {
    super::apply(app, posted, GrantsOn::Warehouse(id)).await
}

/// What one may give to others on a warehouse
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/grants/grantable-privileges", tag = "grant",
    operation_id = "get_warehouse_grantable_privileges", params(("warehouse_id" = uuid::Uuid, Path), GrantAccessQuery),
    responses((status = 200, body = ResourceGrantablePrivilegesResponse)))]
pub(crate) async fn grantable(
    State(app): State<App>,
    Asked(request): Asked,
    Path(id): Path<WarehouseId>,
    Query(query): Query<GrantAccessQuery>,
) -> ApiResult<Json<ResourceGrantablePrivilegesResponse>> {
    super::grantable(app, request, (GrantsOn::Warehouse(id), query)).await
}
