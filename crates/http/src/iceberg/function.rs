//! The functions API: this catalog stores no functions, so lists are empty and loads are refused.

use axum::Json;
use axum::extract::State;
use http::request::Parts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtNamespace, Identifier, Params, ReadRequest};

/// The functions of a namespace. Always empty: this catalog stores no functions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListFunctionsResponse {
    identifiers: Vec<Identifier>,
    next_page_token: Option<String>,
}

/// List functions
///
/// The list is always empty: this catalog stores no functions.
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/functions", tag = "iceberg", operation_id = "listFunctions",
    params(("prefix" = String, Path), ("namespace" = String, Path)), responses((status = 200, body = ListFunctionsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    at: AtNamespace,
) -> ApiResult<Json<ListFunctionsResponse>> {
    catalog::function::list(&app.catalog, &request, at.warehouse, &at.namespace).await?;
    Ok(Json(ListFunctionsResponse {
        identifiers: Vec::new(),
        next_page_token: None,
    }))
}

/// Load a function
///
/// Always answers 404: this catalog stores no functions.
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/functions/{function}", tag = "iceberg", operation_id = "loadFunction",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("function" = String, Path)), responses((status = 404)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    at: AtNamespace,
    parts: Parts,
) -> ApiResult<()> {
    let name = Params::of(&parts).get("function")?;
    Ok(catalog::function::load(&app.catalog, &request, at.warehouse, &at.namespace, &name).await?)
}
