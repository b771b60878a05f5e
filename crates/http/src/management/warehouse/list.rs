//! `GET /v1/warehouse`.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use store::WarehouseStatus;
use utoipa::{IntoParams, ToSchema};

use super::load::GetWarehouseResponse;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{ReadRequest, project_id, query_values};

/// Which warehouses to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "describes the query, in which a key may come more than once"
)]
pub(crate) struct ListWarehousesQuery {
    /// Only warehouses in this state, `active` or `inactive`; may be repeated. `active` if absent.
    #[param(rename = "warehouseStatus")]
    warehouse_status: Option<Vec<String>>,
    /// The id of the project; if absent, the project of the request.
    #[param(rename = "projectId")]
    project_id: Option<String>,
}

/// The listed warehouses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListWarehousesResponse {
    warehouses: Vec<GetWarehouseResponse>,
}

/// List warehouses
#[utoipa::path(get, path = "/v1/warehouse", tag = "warehouse", operation_id = "list_warehouses",
    params(ListWarehousesQuery), responses((status = 200, body = ListWarehousesResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(mut request): ReadRequest,
    RawQuery(query): RawQuery,
) -> ApiResult<Json<ListWarehousesResponse>> {
    let query = query.unwrap_or_default();
    if let Some(project) = query_values(&query, "projectId").first() {
        request.project = Some(project_id(project)?);
    }
    let mut states = Vec::new();
    for text in query_values(&query, "warehouseStatus") {
        let status = WarehouseStatus::from_stored(&text);
        states.push(status.ok_or_else(|| {
            ApiError::bad_request(format!(
                "`warehouseStatus` is `{text}`; it must be `active` or `inactive`"
            ))
        })?);
    }
    if states.is_empty() {
        states.push(WarehouseStatus::Active);
    }
    let found = catalog::warehouse::list(&app.catalog, &request, &states).await?;
    Ok(Json(ListWarehousesResponse {
        warehouses: found.into_iter().map(Into::into).collect(),
    }))
}
