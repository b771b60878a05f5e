//! `DELETE /v1/{prefix}/namespaces/{namespace}/generic-tables/{table}`.

use axum::extract::State;
use catalog::tabular;
use http::StatusCode;
use model::TabularKind;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtTabular, Bodyless, Query};
use crate::iceberg::table::drop::DropQuery;

/// Drop a generic table
#[utoipa::path(delete, path = "/v1/{prefix}/namespaces/{namespace}/generic-tables/{table}", tag = "generic-table", operation_id = "drop_generic_table",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path), DropQuery), responses((status = 204)))]
pub(crate) async fn drop(
    State(app): State<App>,
    table: AtTabular,
    Query(query): Query<DropQuery>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let kind = TabularKind::GenericTable;
    let options = query.options(app.settings.purge_default);
    run_to_end(app.changes(), async move {
        tabular::drop(&app.catalog, &request, table.at(), kind, options).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
