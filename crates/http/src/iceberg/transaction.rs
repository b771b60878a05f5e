//! `POST /v1/{prefix}/transactions/commit`.

use ::iceberg::{TableRequirement, TableUpdate};
use axum::extract::State;
use catalog::table::TableCommit;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::{At, Identifier, Posted, identifier};

/// Commits to several tables.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CommitTransactionRequest {
    table_changes: Vec<TableChange>,
}

/// A commit to one of the tables. Its `identifier` is required.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TableChange {
    identifier: Option<Identifier>,
    #[schema(value_type = Vec<Object>)]
    requirements: Vec<TableRequirement>,
    #[schema(value_type = Vec<Object>)]
    updates: Vec<TableUpdate>,
}

/// Commit to several tables atomically
#[utoipa::path(post, path = "/v1/{prefix}/transactions/commit", tag = "iceberg", operation_id = "commitTransaction",
    params(("prefix" = String, Path)), request_body = CommitTransactionRequest, responses((status = 204)))]
pub(crate) async fn commit(
    State(app): State<App>,
    At(warehouse): At,
    Posted { request, body }: Posted<CommitTransactionRequest>,
) -> ApiResult<StatusCode> {
    let commits = body.table_changes.into_iter().map(|change| {
        let given = change.identifier.ok_or_else(|| {
            ApiError::bad_request("each of the `table-changes` needs the `identifier` of its table")
        })?;
        let path = identifier("table", &given)?;
        Ok(TableCommit {
            path,
            requirements: change.requirements,
            updates: change.updates,
        })
    });
    let commits = commits.collect::<ApiResult<Vec<_>>>()?;
    run_to_end(app.changes(), async move {
        catalog::transaction::commit(&app.catalog, &request, warehouse, commits).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
