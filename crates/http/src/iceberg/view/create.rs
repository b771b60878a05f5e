//! `POST /v1/{prefix}/namespaces/{namespace}/views`.

use ::iceberg::{Schema, ViewVersion};
use axum::extract::State;
use axum::response::Response;
use catalog::view::ViewCreate;
use http::HeaderMap;
use model::{Name, Properties};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtNamespace, Posted};
use crate::iceberg::loaded::{Shape, answer, check_links};

/// A view to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateViewRequest {
    name: String,
    location: Option<String>,
    #[schema(value_type = Object)]
    schema: Schema,
    #[schema(value_type = Object)]
    view_version: ViewVersion,
    #[serde(default)]
    properties: Option<Properties>,
}

/// Create a view
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/views", tag = "iceberg", operation_id = "createView",
    params(("prefix" = String, Path), ("namespace" = String, Path)), request_body = CreateViewRequest, responses((status = 200, body = Object)))]
pub(crate) async fn create(
    State(app): State<App>,
    at: AtNamespace,
    headers: HeaderMap,
    Posted { request, body }: Posted<CreateViewRequest>,
) -> ApiResult<Response> {
    let new = ViewCreate {
        name: Name::parse("view", &body.name)?,
        location: body.location,
        schema: body.schema,
        view_version: body.view_version,
        properties: body.properties.unwrap_or_default(),
    };
    check_links(&app, &headers)?;
    let catalog = app.catalog.clone();
    let loaded = run_to_end(app.changes(), async move {
        catalog::view::create(&catalog, &request, at.warehouse, &at.namespace, new).await
    });
    answer(&app, &headers, &Box::pin(loaded).await?, Shape::View).await
}
