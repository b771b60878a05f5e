//! `POST /v1/{prefix}/namespaces/{namespace}/register-view`.

use axum::extract::State;
use axum::response::Response;
use catalog::view::ViewRegister;
use http::HeaderMap;
use model::Name;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtNamespace, Posted};
use crate::iceberg::loaded::{Shape, answer, check_links};

/// A metadata file to register as a view.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RegisterViewRequest {
    name: String,
    metadata_location: String,
}

/// Register a view
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/register-view", tag = "iceberg", operation_id = "registerView",
    params(("prefix" = String, Path), ("namespace" = String, Path)), request_body = RegisterViewRequest, responses((status = 200, body = Object)))]
pub(crate) async fn register(
    State(app): State<App>,
    at: AtNamespace,
    headers: HeaderMap,
    Posted { request, body }: Posted<RegisterViewRequest>,
) -> ApiResult<Response> {
    let name = Name::parse("view", &body.name)?;
    let new = ViewRegister {
        name,
        metadata_location: body.metadata_location,
    };
    check_links(&app, &headers)?;
    let catalog = app.catalog.clone();
    let loaded = run_to_end(app.changes(), async move {
        catalog::view::register(&catalog, &request, at.warehouse, &at.namespace, new).await
    });
    answer(&app, &headers, &loaded.await?, Shape::View).await
}
