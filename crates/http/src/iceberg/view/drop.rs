//! `DELETE /v1/{prefix}/namespaces/{namespace}/views/{view}`.

use axum::extract::State;
use catalog::tabular;
use http::StatusCode;
use model::TabularKind;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtTabular, Bodyless, Query};
use crate::iceberg::table::drop::DropQuery;

/// Drop a view
#[utoipa::path(delete, path = "/v1/{prefix}/namespaces/{namespace}/views/{view}", tag = "iceberg", operation_id = "dropView",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("view" = String, Path), DropQuery), responses((status = 204)))]
pub(crate) async fn drop(
    State(app): State<App>,
    view: AtTabular,
    Query(query): Query<DropQuery>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let kind = TabularKind::View;
    let options = query.options(app.settings.purge_default);
    run_to_end(app.changes(), async move {
        tabular::drop(&app.catalog, &request, view.at(), kind, options).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
