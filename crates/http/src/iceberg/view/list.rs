//! `GET /v1/{prefix}/namespaces/{namespace}/views`.

use axum::Json;
use axum::extract::State;
use catalog::tabular::{self, InNamespace};
use model::TabularKind;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtNamespace, PageQuery, Query, ReadRequest};
use crate::iceberg::table::list::{ListQuery, ListTablesResponse};

/// List views
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/views", tag = "iceberg", operation_id = "listViews",
    params(("prefix" = String, Path), ("namespace" = String, Path), ListQuery, PageQuery), responses((status = 200, body = ListTablesResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    at: AtNamespace,
    Query(query): Query<ListQuery>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<ListTablesResponse>> {
    let page = page.decode(&app)?;
    let all = InNamespace {
        warehouse: at.warehouse,
        kind: TabularKind::View,
        namespace: &at.namespace,
    };
    let found = tabular::list(&app.catalog, &request, all, page).await?;
    Ok(Json(ListTablesResponse::of(&at.namespace, found, &query)?))
}
