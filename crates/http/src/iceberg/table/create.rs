//! `POST /v1/{prefix}/namespaces/{namespace}/tables`.

use ::iceberg::{PartitionSpec, Schema, SortOrder};
use axum::extract::State;
use axum::response::Response;
use catalog::table::{Staging, TableCreate};
use http::HeaderMap;
use model::{Name, Properties, TabularPath};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtNamespace, Posted};
use crate::iceberg::loaded::{Shape, answer, check_links};

/// A table to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateTableRequest {
    name: String,
    location: Option<String>,
    #[schema(value_type = Object)]
    schema: Schema,
    #[schema(value_type = Option<Object>)]
    partition_spec: Option<PartitionSpec>,
    #[schema(value_type = Option<Object>)]
    write_order: Option<SortOrder>,
    #[serde(default)]
    stage_create: Option<bool>,
    #[serde(default)]
    properties: Option<Properties>,
}

/// Create or stage a table
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/tables", tag = "iceberg", operation_id = "createTable",
    params(("prefix" = String, Path), ("namespace" = String, Path)), request_body = CreateTableRequest, responses((status = 200, body = Object)))]
pub(crate) async fn create(
    State(app): State<App>,
    at: AtNamespace,
    headers: HeaderMap,
    Posted { request, body }: Posted<CreateTableRequest>,
) -> ApiResult<Response> {
    let new = TableCreate {
        name: Name::parse("table", &body.name)?,
        location: body.location,
        schema: body.schema,
        partition_spec: body.partition_spec,
        write_order: body.write_order,
        staging: if body.stage_create == Some(true) {
            Staging::Stage
        } else {
            Staging::Create
        },
        properties: body.properties.unwrap_or_default(),
    };
    let path = TabularPath {
        namespace: at.namespace.clone(),
        name: new.name.clone(),
    };
    check_links(&app, &headers)?;
    let catalog = app.catalog.clone();
    let loaded = run_to_end(app.changes(), async move {
        let create = catalog::table::create(&catalog, &request, at.warehouse, &at.namespace, new);
        Box::pin(create).await
    });
    answer(&app, &headers, &loaded.await?, Shape::Table(&path)).await
}
