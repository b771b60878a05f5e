//! `POST /v1/{prefix}/namespaces/{namespace}/register`.

use axum::extract::State;
use axum::response::Response;
use catalog::table::{Existing, TableRegister};
use http::HeaderMap;
use model::{Name, TabularPath};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtNamespace, Posted};
use crate::iceberg::loaded::{Shape, answer, check_links};

/// A metadata file to register as a table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RegisterTableRequest {
    name: String,
    metadata_location: String,
    /// Whether to replace an existing table of this name; otherwise the request is refused (409).
    #[serde(default)]
    overwrite: Option<bool>,
}

/// Register a table
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/register", tag = "iceberg", operation_id = "registerTable",
    params(("prefix" = String, Path), ("namespace" = String, Path)), request_body = RegisterTableRequest, responses((status = 200, body = Object)))]
pub(crate) async fn register(
    State(app): State<App>,
    at: AtNamespace,
    headers: HeaderMap,
    Posted { request, body }: Posted<RegisterTableRequest>,
) -> ApiResult<Response> {
    let new = TableRegister {
        name: Name::parse("table", &body.name)?,
        metadata_location: body.metadata_location,
        existing: if body.overwrite == Some(true) {
            Existing::Overwrite
        } else {
            Existing::Refuse
        },
    };
    let path = TabularPath {
        namespace: at.namespace.clone(),
        name: new.name.clone(),
    };
    check_links(&app, &headers)?;
    let catalog = app.catalog.clone();
    let loaded = run_to_end(app.changes(), async move {
        catalog::table::register(&catalog, &request, at.warehouse, &at.namespace, new).await
    });
    answer(&app, &headers, &loaded.await?, Shape::Table(&path)).await
}
