//! `/v1/warehouse/{warehouse_id}/namespace/{namespace_id}/protection`.

use axum::Json;
use axum::extract::State;
use store::Protection;
use uuid::Uuid;

use super::{ProtectionResponse, SetProtectionRequest};
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Path, Posted, ReadRequest};

/// Get whether a namespace is protected from being dropped
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/namespace/{namespace_id}/protection", tag = "warehouse", operation_id = "get_namespace_protection",
    params(("warehouse_id" = Uuid, Path), ("namespace_id" = Uuid, Path)), responses((status = 200, body = ProtectionResponse)))]
pub(crate) async fn protection(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path((warehouse, id)): Path<(Uuid, Uuid)>,
) -> ApiResult<Json<ProtectionResponse>> {
    Ok(Json(
        catalog::namespace::protection(&app.catalog, &request, warehouse.into(), id.into())
            .await?
            .into(),
    ))
}

/// Set whether a namespace is protected from being dropped
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/namespace/{namespace_id}/protection", tag = "warehouse", operation_id = "set_namespace_protection",
    params(("warehouse_id" = Uuid, Path), ("namespace_id" = Uuid, Path)), request_body = SetProtectionRequest, responses((status = 200, body = ProtectionResponse)))]
pub(crate) async fn protect(
    State(app): State<App>,
    Path((warehouse, id)): Path<(Uuid, Uuid)>,
    Posted { request, body }: Posted<SetProtectionRequest>,
) -> ApiResult<Json<ProtectionResponse>> {
    let protection = Protection::from(body.protected);
    let (warehouse, id) = (warehouse.into(), id.into());
    let set = run_to_end(app.changes(), async move {
        catalog::namespace::protect(&app.catalog, &request, warehouse, id, protection).await
    });
    Ok(Json(set.await?.into()))
}
