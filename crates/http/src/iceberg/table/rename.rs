//! `POST /v1/{prefix}/tables/rename`.

use axum::extract::State;
use catalog::tabular::{self, AtPath};
use http::StatusCode;
use model::TabularKind;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{At, Identifier, Posted, identifier};

/// The present and the new name.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RenameTableRequest {
    pub(crate) source: Identifier,
    pub(crate) destination: Identifier,
}

/// Rename a table
#[utoipa::path(post, path = "/v1/{prefix}/tables/rename", tag = "iceberg", operation_id = "renameTable",
    params(("prefix" = String, Path)), request_body = RenameTableRequest, responses((status = 204)))]
pub(crate) async fn rename(
    State(app): State<App>,
    At(warehouse): At,
    Posted { request, body }: Posted<RenameTableRequest>,
) -> ApiResult<StatusCode> {
    let (from, to) = (
        identifier("table", &body.source)?,
        identifier("table", &body.destination)?,
    );
    run_to_end(app.changes(), async move {
        let from = AtPath {
            warehouse,
            path: &from,
        };
        tabular::rename(&app.catalog, &request, from, &to, TabularKind::Table).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
