//! `GET /v1/{prefix}/namespaces`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{At, PageQuery, Query, ReadRequest, encode_token, namespace_of_text};
use crate::iceberg::{Flag, is_set};

/// Which namespaces to list, and what to answer about them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListNamespacesQuery {
    /// The namespace whose direct children to list, its levels joined by `%1F`; the top level if absent or empty.
    parent: Option<String>,
    /// Whether to answer `namespace-uuids`.
    #[param(value_type = Option<bool>)]
    return_uuids: Option<Flag>,
    /// Whether to answer `protection-status`.
    #[param(value_type = Option<bool>)]
    return_protection_status: Option<Flag>,
}

/// A page of namespaces. The lists have one entry for each namespace, in the same order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListNamespacesResponse {
    namespaces: Vec<Vec<String>>,
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_uuids: Option<Vec<Uuid>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protection_status: Option<Vec<bool>>,
}

/// List namespaces
#[utoipa::path(get, path = "/v1/{prefix}/namespaces", tag = "iceberg", operation_id = "listNamespaces",
    params(("prefix" = String, Path), ListNamespacesQuery, PageQuery), responses((status = 200, body = ListNamespacesResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    At(warehouse): At,
    Query(query): Query<ListNamespacesQuery>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<ListNamespacesResponse>> {
    let parent = query
        .parent
        .as_deref()
        .filter(|text| !text.is_empty())
        .map(namespace_of_text)
        .transpose()?;
    let page = page.decode(&app)?;
    let found =
        catalog::namespace::list(&app.catalog, &request, warehouse, parent.as_ref(), page).await?;
    let uuids = || found.items.iter().map(|one| one.id.as_uuid()).collect();
    let protections = || {
        found
            .items
            .iter()
            .map(|one| one.protection.into())
            .collect()
    };
    Ok(Json(ListNamespacesResponse {
        namespaces: found
            .items
            .iter()
            .map(|one| one.path.levels().to_vec())
            .collect(),
        next_page_token: found.next.as_ref().map(encode_token),
        namespace_uuids: is_set(query.return_uuids).then(uuids),
        protection_status: is_set(query.return_protection_status).then(protections),
    }))
}
