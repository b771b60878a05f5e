//! `GET /v1/{prefix}/namespaces/{namespace}/generic-tables`.

use axum::Json;
use axum::extract::State;
use catalog::tabular::{self, InNamespace};
use model::TabularKind;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtNamespace, PageQuery, Query, ReadRequest, encode_token};

/// A generic table in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GenericTableIdentifier {
    /// The levels of its namespace, outermost first.
    namespace: Vec<String>,
    name: String,
    /// The format of its files, such as `lance`, `delta` or `csv`.
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    id: Uuid,
}

/// A page of generic tables.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListGenericTablesResponse {
    identifiers: Vec<GenericTableIdentifier>,
    next_page_token: Option<String>,
}

/// List generic tables
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/generic-tables", tag = "generic-table", operation_id = "list_generic_tables",
    params(("prefix" = String, Path), ("namespace" = String, Path), PageQuery), responses((status = 200, body = ListGenericTablesResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    at: AtNamespace,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<ListGenericTablesResponse>> {
    let (page, namespace) = (page.decode(&app)?, at.namespace);
    let all = InNamespace {
        warehouse: at.warehouse,
        kind: TabularKind::GenericTable,
        namespace: &namespace,
    };
    let found = tabular::list(&app.catalog, &request, all, page).await?;
    let identifiers = found.items.into_iter().map(|one| GenericTableIdentifier {
        namespace: namespace.levels().to_vec(),
        name: one.name,
        format: one.format.map(Into::into),
        id: one.id.as_uuid(),
    });
    Ok(Json(ListGenericTablesResponse {
        identifiers: identifiers.collect(),
        next_page_token: found.next.as_ref().map(encode_token),
    }))
}
