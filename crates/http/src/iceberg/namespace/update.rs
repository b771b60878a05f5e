//! `POST /v1/{prefix}/namespaces/{namespace}/properties`.

use axum::Json;
use axum::extract::State;
use catalog::namespace::{PropertiesUpdate, PropertiesUpdated};
use model::Properties;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtNamespace, Posted};

/// Which properties to change.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UpdateNamespacePropertiesRequest {
    /// The keys of the properties to remove.
    #[serde(default)]
    removals: Option<Vec<String>>,
    /// The properties to set.
    #[serde(default)]
    updates: Option<Properties>,
}

/// The keys that were updated or removed, and those of `removals` that were missing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdateNamespacePropertiesResponse {
    updated: Vec<String>,
    removed: Vec<String>,
    missing: Vec<String>,
}

/// Set and remove properties of a namespace
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/properties", tag = "iceberg", operation_id = "updateProperties",
    params(("prefix" = String, Path), ("namespace" = String, Path)), request_body = UpdateNamespacePropertiesRequest,
    responses((status = 200, body = UpdateNamespacePropertiesResponse)))]
pub(crate) async fn update(
    State(app): State<App>,
    at: AtNamespace,
    Posted { request, body }: Posted<UpdateNamespacePropertiesRequest>,
) -> ApiResult<Json<UpdateNamespacePropertiesResponse>> {
    let update = PropertiesUpdate {
        removals: body.removals.unwrap_or_default(),
        updates: body.updates.unwrap_or_default(),
    };
    let updated = run_to_end(app.changes(), async move {
        catalog::namespace::update(&app.catalog, &request, at.warehouse, &at.namespace, update)
            .await
    });
    let PropertiesUpdated {
        updated,
        removed,
        missing,
    } = updated.await?;
    Ok(Json(UpdateNamespacePropertiesResponse {
        updated,
        removed,
        missing,
    }))
}
