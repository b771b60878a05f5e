//! `HEAD /v1/{prefix}/namespaces/{namespace}`.

use axum::extract::State;
use http::StatusCode;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtNamespace, ReadRequest};

/// Check whether a namespace exists
#[utoipa::path(head, path = "/v1/{prefix}/namespaces/{namespace}", tag = "iceberg", operation_id = "namespaceExists",
    params(("prefix" = String, Path), ("namespace" = String, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn exists(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    at: AtNamespace,
) -> ApiResult<StatusCode> {
    catalog::namespace::exists(&app.catalog, &request, at.warehouse, &at.namespace).await?;
    Ok(StatusCode::NO_CONTENT)
}
