//! `POST /v1/{prefix}/tables/rename`.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, to_the_end};
use crate::error::ApiResult;
use crate::extract::{At, Identifier, Posted, identifier};

/// From where to where.
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
    to_the_end(app.changes(), async move {
        catalog::table::rename(&app.catalog, &request, warehouse, &from, &to).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
