//! `HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}`.

use axum::extract::State;
use catalog::tabular;
use http::StatusCode;
use model::TabularKind;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtTabular, ReadRequest};

/// Check whether a table exists
#[utoipa::path(head, path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}", tag = "iceberg", operation_id = "tableExists",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn exists(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    table: AtTabular,
) -> ApiResult<StatusCode> {
    tabular::exists(&app.catalog, &request, table.at(), TabularKind::Table).await?;
    Ok(StatusCode::NO_CONTENT)
}
