//! `HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}`.

use axum::extract::State;
use http::StatusCode;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Asked, AtTabular};

/// Whether there is a table
#[utoipa::path(head, path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}", tag = "iceberg", operation_id = "tableExists",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn exists(
    State(app): State<App>,
    Asked(request): Asked,
    at: AtTabular,
) -> ApiResult<StatusCode> {
    catalog::table::exists(&app.catalog, &request, at.warehouse, &at.path).await?;
    Ok(StatusCode::NO_CONTENT)
}
