//! `GET /v1/{prefix}/namespaces/{namespace}`.

use axum::Json;
use axum::extract::State;
use model::Properties;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::answered;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtNamespace, Query, ReadRequest};
use crate::iceberg::{Flag, is_set};

/// What to answer in addition to the specification.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct LoadNamespaceQuery {
    /// Whether to answer `namespace-uuid`.
    #[param(value_type = Option<bool>)]
    return_uuid: Option<Flag>,
}

/// A namespace.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GetNamespaceResponse {
    namespace: Vec<String>,
    properties: Properties,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_uuid: Option<Uuid>,
}

/// Load a namespace
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}", tag = "iceberg", operation_id = "loadNamespaceMetadata",
    params(("prefix" = String, Path), ("namespace" = String, Path), LoadNamespaceQuery), responses((status = 200, body = GetNamespaceResponse)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    at: AtNamespace,
    Query(query): Query<LoadNamespaceQuery>,
) -> ApiResult<Json<GetNamespaceResponse>> {
    let found =
        catalog::namespace::load(&app.catalog, &request, at.warehouse, &at.namespace).await?;
    Ok(Json(GetNamespaceResponse {
        namespace: at.namespace.levels().to_vec(),
        properties: answered(found.properties, found.id),
        namespace_uuid: is_set(query.return_uuid).then(|| found.id.as_uuid()),
    }))
}
