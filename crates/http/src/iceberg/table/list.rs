//! `GET /v1/{prefix}/namespaces/{namespace}/tables`.

use axum::Json;
use axum::extract::State;
use catalog::CatalogError;
use catalog::tabular::{self, InNamespace};
use model::{NamespacePath, Page, TabularKind};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use store::ListedTabular;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtNamespace, Identifier, PageQuery, Query, ReadRequest, encode_token};
use crate::iceberg::{Flag, is_set};

/// What to answer in addition to the specification.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Whether to answer `table-uuids`.
    #[param(value_type = Option<bool>)]
    return_uuids: Option<Flag>,
    /// Whether to answer `protection-status`.
    #[param(value_type = Option<bool>)]
    return_protection_status: Option<Flag>,
}

/// A page of tables or views. The lists have one entry for each table or view, in the same order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListTablesResponse {
    #[schema(value_type = Vec<Identifier>)]
    identifiers: Identifiers,
    next_page_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_uuids: Option<Vec<Uuid>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protection_status: Option<Vec<bool>>,
}

/// The namespace that all listed tables share, serialized only once, and their names.
#[derive(Debug)]
struct Identifiers {
    namespace: Box<RawValue>,
    names: Vec<String>,
}

/// Serializes like [`Identifier`].
#[derive(Serialize)]
struct Printed<'a> {
    namespace: &'a RawValue,
    name: &'a str,
}

impl Serialize for Identifiers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let namespace = &*self.namespace;
        serializer.collect_seq(self.names.iter().map(|name| Printed { namespace, name }))
    }
}

impl ListTablesResponse {
    /// The answer for a page of tables or views, with the namespace as the request spelled it.
    pub(crate) fn of(
        namespace: &NamespacePath,
        found: Page<ListedTabular>,
        query: &ListQuery,
    ) -> ApiResult<Self> {
        let table_uuids = is_set(query.return_uuids)
            .then(|| found.items.iter().map(|one| one.id.as_uuid()).collect());
        let protection_status = is_set(query.return_protection_status).then(|| {
            found
                .items
                .iter()
                .map(|one| one.protection.into())
                .collect()
        });
        let next_page_token = found.next.as_ref().map(encode_token);
        let identifiers = Identifiers {
            namespace: to_raw_value(namespace.levels()).map_err(CatalogError::internal)?,
            names: found.items.into_iter().map(|one| one.name).collect(),
        };
        Ok(Self {
            identifiers,
            next_page_token,
            table_uuids,
            protection_status,
        })
    }
}

/// List tables
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/tables", tag = "iceberg", operation_id = "listTables",
    params(("prefix" = String, Path), ("namespace" = String, Path), ListQuery, PageQuery), responses((status = 200, body = ListTablesResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    at: AtNamespace,
    Query(query): Query<ListQuery>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<ListTablesResponse>> {
    let page = page.decode(&app)?;
    let all = InNamespace {
        warehouse: at.warehouse,
        kind: TabularKind::Table,
        namespace: &at.namespace,
    };
    let found = tabular::list(&app.catalog, &request, all, page).await?;
    Ok(Json(ListTablesResponse::of(&at.namespace, found, &query)?))
}
