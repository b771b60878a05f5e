//! `POST /v1/{prefix}/namespaces`.

use axum::Json;
use axum::extract::State;
use catalog::namespace::{NamespaceCreate, NamespaceCreated};
use model::{NamespacePath, Properties};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answered;
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{At, Posted};

/// A namespace to create.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CreateNamespaceRequest {
    /// The levels of its path, outermost first.
    namespace: Vec<String>,
    /// Its properties.
    #[serde(default)]
    properties: Option<Properties>,
}

/// The created namespace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreateNamespaceResponse {
    namespace: Vec<String>,
    properties: Properties,
}

/// Create a namespace
#[utoipa::path(post, path = "/v1/{prefix}/namespaces", tag = "iceberg", operation_id = "createNamespace",
    params(("prefix" = String, Path)), request_body = CreateNamespaceRequest, responses((status = 200, body = CreateNamespaceResponse)))]
pub(crate) async fn create(
    State(app): State<App>,
    At(warehouse): At,
    Posted { request, body }: Posted<CreateNamespaceRequest>,
) -> ApiResult<Json<CreateNamespaceResponse>> {
    let path = NamespacePath::parse(body.namespace)?;
    let new = NamespaceCreate {
        path,
        properties: body.properties.unwrap_or_default(),
    };
    let created = run_to_end(app.changes(), async move {
        catalog::namespace::create(&app.catalog, &request, warehouse, new).await
    });
    let NamespaceCreated {
        id,
        levels,
        properties,
    } = created.await?;
    Ok(Json(CreateNamespaceResponse {
        namespace: levels,
        properties: answered(properties, id),
    }))
}
