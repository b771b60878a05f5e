//! `GET /v1/{prefix}/namespaces/{namespace}/views/{view}`.

use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtTabular, Headers, ReadRequestThrough};
use crate::iceberg::loaded::{Shape, answer, not_modified};

/// Load a view
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/views/{view}", tag = "iceberg", operation_id = "loadView",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("view" = String, Path), ("referenced-by" = Option<String>, Query)), responses((status = 200, body = Object), (status = 304)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequestThrough(request): ReadRequestThrough,
    at: AtTabular,
    Headers(headers): Headers,
) -> ApiResult<Response> {
    let loaded = catalog::view::load(&app.catalog, &request, at.warehouse, &at.path).await?;
    match not_modified(&app, &headers, &loaded) {
        Some(response) => Ok(response),
        None => answer(&app, &headers, &loaded, Shape::View).await,
    }
}
