//! `/v1/warehouse/{warehouse_id}/view/{view_id}/grants`.

use axum::Json;
use axum::extract::State;
use catalog::grant::GrantsOn;
use http::StatusCode;
use model::{TabularId, TabularKind, WarehouseId};

use super::body::{
    ApplyGrantsRequest, GrantAccessQuery, ListGrantsQuery, ListGrantsResponse,
    ResourceGrantablePrivilegesResponse,
};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Asked, Path, Posted, Query};

/// Who has been given what on a view
///
/// What one has been given oneself everybody may see who sees the view.
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/view/{view_id}/grants", tag = "grant", operation_id = "list_view_grants",
    params(("warehouse_id" = uuid::Uuid, Path), ("view_id" = uuid::Uuid, Path), ListGrantsQuery),
    responses((status = 200, body = ListGrantsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(request): Asked,
    Path((warehouse, id)): Path<(WarehouseId, TabularId)>,
    Query(query): Query<ListGrantsQuery>,
) -> ApiResult<Json<ListGrantsResponse>> {
    super::list(
        app,
        request,
        (GrantsOn::Tabular(TabularKind::View, warehouse, id), query),
    )
    .await
}

/// Give and take back on a view
///
/// All or nothing, and as often as one likes.
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/view/{view_id}/grants", tag = "grant", operation_id = "apply_view_grants",
    params(("warehouse_id" = uuid::Uuid, Path), ("view_id" = uuid::Uuid, Path)),
    request_body = ApplyGrantsRequest, responses((status = 204)))]
pub(crate) async fn apply(
    State(app): State<App>,
    Path((warehouse, id)): Path<(WarehouseId, TabularId)>,
    posted: Posted<ApplyGrantsRequest>,
) -> ApiResult<StatusCode> {
    super::apply(
        app,
        posted,
        GrantsOn::Tabular(TabularKind::View, warehouse, id),
    )
    .await
}

/// What one may give to others on a view
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/view/{view_id}/grants/grantable-privileges", tag = "grant",
    operation_id = "get_view_grantable_privileges", params(("warehouse_id" = uuid::Uuid, Path), ("view_id" = uuid::Uuid, Path), GrantAccessQuery),
    responses((status = 200, body = ResourceGrantablePrivilegesResponse)))]
pub(crate) async fn grantable(
    State(app): State<App>,
    Asked(request): Asked,
    Path((warehouse, id)): Path<(WarehouseId, TabularId)>,
    Query(query): Query<GrantAccessQuery>,
) -> ApiResult<Json<ResourceGrantablePrivilegesResponse>> {
    super::grantable(
        app,
        request,
        (GrantsOn::Tabular(TabularKind::View, warehouse, id), query),
    )
    .await
}
