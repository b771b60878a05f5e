//! `GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use catalog::tabular;
use http::header::CACHE_CONTROL;
use model::TabularKind;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{AtTabular, Headers, ReadRequestThrough};
use crate::iceberg::delegated::storage_credentials;
use crate::iceberg::loaded::links;

/// Credentials for the files of a table.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LoadCredentialsResponse {
    /// One entry, with the prefix of the locations that it is for; empty if the catalog vends no credentials to the caller.
    #[schema(value_type = Vec<Object>)]
    pub(crate) storage_credentials: Vec<Value>,
}

/// Load vended credentials for a table
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials", tag = "iceberg", operation_id = "loadCredentials",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path), ("referenced-by" = Option<String>, Query)),
    responses((status = 200, body = LoadCredentialsResponse)))]
pub(crate) async fn credentials(
    State(app): State<App>,
    ReadRequestThrough(request): ReadRequestThrough,
    table: AtTabular,
    Headers(headers): Headers,
) -> ApiResult<Response> {
    let kind = TabularKind::Table;
    let (loaded, credential) =
        tabular::credentials(&app.catalog, &request, table.at(), kind).await?;
    let renewable = Some((kind, &table.path));
    let links = links(&app, &headers, &loaded, renewable)?;
    let body = LoadCredentialsResponse {
        storage_credentials: storage_credentials(&loaded, credential.as_deref(), links.as_ref()),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
