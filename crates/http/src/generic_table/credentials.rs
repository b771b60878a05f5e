//! `GET /v1/{prefix}/namespaces/{namespace}/generic-tables/{table}/credentials`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use catalog::tabular;
use http::header::CACHE_CONTROL;
use model::TabularKind;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtTabular, Headers, ReadRequestThrough};
use crate::iceberg::delegated::storage_credentials;
use crate::iceberg::loaded::links;
use crate::iceberg::table::credentials::LoadCredentialsResponse;

/// Load vended credentials for a generic table
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/generic-tables/{table}/credentials", tag = "generic-table", operation_id = "load_generic_table_credentials",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path), ("referenced-by" = Option<String>, Query)),
    responses((status = 200, body = LoadCredentialsResponse)))]
pub(crate) async fn credentials(
    State(app): State<App>,
    ReadRequestThrough(request): ReadRequestThrough,
    table: AtTabular,
    Headers(headers): Headers,
) -> ApiResult<Response> {
    let kind = TabularKind::GenericTable;
    let found = tabular::credentials(&app.catalog, &request, table.at(), kind).await?;
    let (loaded, credential) = found;
    let renewable = Some((kind, &table.path));
    let links = links(&app, &headers, &loaded, renewable)?;
    let body = LoadCredentialsResponse {
        storage_credentials: storage_credentials(&loaded, credential.as_deref(), links.as_ref()),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
