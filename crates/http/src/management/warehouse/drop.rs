//! `DELETE /v1/warehouse/{warehouse_id}`.

use axum::extract::State;
use catalog::namespace::Protections;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Bodyless, Path, Query};
use crate::iceberg::{Flag, is_set};

/// How to delete the warehouse.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteWarehouseQuery {
    /// Whether to delete the warehouse even if it is protected.
    #[param(value_type = Option<bool>)]
    force: Option<Flag>,
}

/// Delete an empty warehouse
#[utoipa::path(delete, path = "/v1/warehouse/{warehouse_id}", tag = "warehouse", operation_id = "delete_warehouse",
    params(("warehouse_id" = Uuid, Path), DeleteWarehouseQuery), responses((status = 204)))]
pub(crate) async fn drop(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<DeleteWarehouseQuery>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let protections = if is_set(query.force) {
        Protections::Override
    } else {
        Protections::Respect
    };
    run_to_end(app.changes(), async move {
        catalog::warehouse::drop(&app.catalog, &request, id.into(), protections).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
