//! `POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/unregister`.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtTabular, Bodyless};
use crate::iceberg::loaded::{Shape, answer};

/// Unregister a table: remove it from the catalog and keep its files
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}/unregister", tag = "iceberg", operation_id = "unregisterTable",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path)), responses((status = 200, body = Object)))]
pub(crate) async fn unregister(
    State(app): State<App>,
    at: AtTabular,
    headers: HeaderMap,
    Bodyless(request): Bodyless,
) -> ApiResult<Response> {
    let catalog = app.catalog.clone();
    let loaded = run_to_end(app.changes(), async move {
        catalog::table::unregister(&catalog, &request, at.warehouse, &at.path).await
    });
    answer(&app, &headers, &loaded.await?, Shape::Commit).await
}
