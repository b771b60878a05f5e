//! `GET /v1/{prefix}/namespaces/{namespace}/generic-tables/{table}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use model::TabularKind;

use super::LoadGenericTableResponse;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtTabular, Headers, ReadRequestThrough};
use crate::iceberg::delegated::{config, storage_credentials};
use crate::iceberg::loaded::links;

/// Load a generic table
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/generic-tables/{table}", tag = "generic-table", operation_id = "load_generic_table",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path), ("referenced-by" = Option<String>, Query)),
    responses((status = 200, body = LoadGenericTableResponse)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequestThrough(request): ReadRequestThrough,
    at: AtTabular,
    Headers(headers): Headers,
) -> ApiResult<Response> {
    let (table, loaded) =
        catalog::generic_table::load(&app.catalog, &request, at.warehouse, &at.path).await?;
    let credential = loaded.credential(&app.catalog).await?;
    let renewable = Some((TabularKind::GenericTable, &at.path));
    let links = links(&app, &headers, &loaded, renewable)?;
    let (credential, links) = (credential.as_deref(), links.as_ref());
    let body = LoadGenericTableResponse {
        table: table.into(),
        config: Some(config(&loaded, credential, links)),
        storage_credentials: credential
            .map(|credential| storage_credentials(&loaded, Some(credential), links)),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
