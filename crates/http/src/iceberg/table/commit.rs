//! `POST /v1/{prefix}/namespaces/{namespace}/tables/{table}`.

use ::iceberg::{TableRequirement, TableUpdate};
use axum::extract::State;
use axum::response::Response;
use catalog::table::TableCommit;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::{AtTabular, Identifier, Posted, identifier};
use crate::iceberg::loaded::{Shape, answer};

/// A commit to a table.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CommitTableRequest {
    identifier: Option<Identifier>,
    #[schema(value_type = Vec<Object>)]
    requirements: Vec<TableRequirement>,
    #[schema(value_type = Vec<Object>)]
    updates: Vec<TableUpdate>,
}

/// Commit to a table
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}", tag = "iceberg", operation_id = "updateTable",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path)), request_body = CommitTableRequest,
    responses((status = 200, body = Object)))]
pub(crate) async fn commit(
    State(app): State<App>,
    at: AtTabular,
    headers: HeaderMap,
    Posted { request, body }: Posted<CommitTableRequest>,
) -> ApiResult<Response> {
    check_identifier(&at, body.identifier.as_ref())?;
    let commit = TableCommit {
        path: at.path,
        requirements: body.requirements,
        updates: body.updates,
    };
    let catalog = app.catalog.clone();
    let loaded = run_to_end(app.changes(), async move {
        catalog::table::commit(&catalog, &request, at.warehouse, commit).await
    });
    answer(&app, &headers, &loaded.await?, Shape::Commit).await
}

/// Refuses a body whose identifier is not the table of the path. Spark names a branch as if it were a table in the table
/// (namespace `ns.table`, name `branch_x`), which is accepted.
fn check_identifier(at: &AtTabular, given: Option<&Identifier>) -> ApiResult<()> {
    let Some(given) = given else { return Ok(()) };
    let named = identifier("table", given)?;
    let is_same =
        named.namespace.key() == at.path.namespace.key() && named.name.key() == at.path.name.key();
    let is_branch = given
        .namespace
        .split_last()
        .is_some_and(|(table, namespace)| {
            namespace == at.path.namespace.levels() && table == at.path.name.as_str()
        });
    if is_same || is_branch {
        return Ok(());
    }
    let message = format!(
        "the body is about table `{named}`, the path about `{}`",
        at.path
    );
    Err(ApiError::new(
        http::StatusCode::BAD_REQUEST,
        "TableIdentifierMismatch",
        message,
    ))
}
