//! `POST /v1/{prefix}/generic-tables/rename`.

use axum::extract::State;
use catalog::tabular::{self, AtPath};
use http::StatusCode;
use model::TabularKind;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{At, Posted, identifier};
use crate::iceberg::table::rename::RenameTableRequest;

/// Rename a generic table
#[utoipa::path(post, path = "/v1/{prefix}/generic-tables/rename", tag = "generic-table", operation_id = "rename_generic_table",
    params(("prefix" = String, Path)), request_body = RenameTableRequest, responses((status = 204)))]
pub(crate) async fn rename(
    State(app): State<App>,
    At(warehouse): At,
    Posted { request, body }: Posted<RenameTableRequest>,
) -> ApiResult<StatusCode> {
    let (from, to) = (
        identifier("generic table", &body.source)?,
        identifier("generic table", &body.destination)?,
    );
    run_to_end(app.changes(), async move {
        let from = AtPath {
            warehouse,
            path: &from,
        };
        tabular::rename(&app.catalog, &request, from, &to, TabularKind::GenericTable).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
