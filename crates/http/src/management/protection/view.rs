//! `/v1/warehouse/{warehouse_id}/view/{view_id}/protection`.

use axum::Json;
use axum::extract::State;
use catalog::tabular;
use model::TabularKind;
use store::Protection;
use uuid::Uuid;

use super::{ProtectionResponse, SetProtectionRequest, at};
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Path, Posted, ReadRequest};

/// Get whether a view is protected from being dropped
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/view/{view_id}/protection", tag = "warehouse", operation_id = "get_view_protection",
    params(("warehouse_id" = Uuid, Path), ("view_id" = Uuid, Path)), responses((status = 200, body = ProtectionResponse)))]
pub(crate) async fn protection(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(ids): Path<(Uuid, Uuid)>,
) -> ApiResult<Json<ProtectionResponse>> {
    let at = at(ids, TabularKind::View);
    let found = tabular::protection(&app.catalog, &request, at).await?;
    Ok(Json(found.into()))
}

/// Set whether a view is protected from being dropped
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/view/{view_id}/protection", tag = "warehouse", operation_id = "set_view_protection",
    params(("warehouse_id" = Uuid, Path), ("view_id" = Uuid, Path)), request_body = SetProtectionRequest, responses((status = 200, body = ProtectionResponse)))]
pub(crate) async fn protect(
    State(app): State<App>,
    Path(ids): Path<(Uuid, Uuid)>,
    Posted { request, body }: Posted<SetProtectionRequest>,
) -> ApiResult<Json<ProtectionResponse>> {
    let protection = Protection::from(body.protected);
    let at = at(ids, TabularKind::View);
    let set = run_to_end(app.changes(), async move {
        tabular::protect(&app.catalog, &request, at, protection).await
    });
    Ok(Json(set.await?.into()))
}
