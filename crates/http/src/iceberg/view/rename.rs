//! `POST /v1/{prefix}/views/rename`.

use axum::extract::State;
use catalog::tabular::{self, AtPath};
use http::StatusCode;
use model::TabularKind;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{At, Posted, identifier};
use crate::iceberg::table::rename::RenameTableRequest;

/// Rename a view
#[utoipa::path(post, path = "/v1/{prefix}/views/rename", tag = "iceberg", operation_id = "renameView",
    params(("prefix" = String, Path)), request_body = RenameTableRequest, responses((status = 204)))]
pub(crate) async fn rename(
    State(app): State<App>,
    At(warehouse): At,
    Posted { request, body }: Posted<RenameTableRequest>,
) -> ApiResult<StatusCode> {
    let (from, to) = (
        identifier("view", &body.source)?,
        identifier("view", &body.destination)?,
    );
    run_to_end(app.changes(), async move {
        let from = AtPath {
            warehouse,
            path: &from,
        };
        tabular::rename(&app.catalog, &request, from, &to, TabularKind::View).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
