//! `HEAD /v1/{prefix}/namespaces/{namespace}/views/{view}`.

use axum::extract::State;
use catalog::tabular;
use http::StatusCode;
use model::TabularKind;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtTabular, ReadRequest};

/// Check whether a view exists
#[utoipa::path(head, path = "/v1/{prefix}/namespaces/{namespace}/views/{view}", tag = "iceberg", operation_id = "viewExists",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("view" = String, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn exists(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    view: AtTabular,
) -> ApiResult<StatusCode> {
    tabular::exists(&app.catalog, &request, view.at(), TabularKind::View).await?;
    Ok(StatusCode::NO_CONTENT)
}
