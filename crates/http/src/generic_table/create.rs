//! `POST /v1/{prefix}/namespaces/{namespace}/generic-tables`.

use axum::Json;
use axum::extract::State;
use catalog::generic_table::{Description, GenericTableCreate};
use http::StatusCode;
use model::{InvalidTableFormat, Name, Properties};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::LoadGenericTableResponse;
use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::{AtNamespace, Posted};

/// A generic table to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateGenericTableRequest {
    name: String,
    /// The format of its files, such as `lance`, `delta` or `csv`.
    format: String,
    /// The location of its files, existing or future; the catalog chooses one if absent.
    base_location: Option<String>,
    doc: Option<String>,
    #[schema(value_type = BTreeMap<String, String>)]
    #[serde(default)]
    properties: Option<Properties>,
    /// A description of its columns, as any JSON; the catalog does not interpret it.
    #[schema(value_type = Option<Object>)]
    schema: Option<Box<RawValue>>,
    /// Statistics about its contents, as any JSON; the catalog does not interpret them.
    #[schema(value_type = Option<Object>)]
    statistics: Option<Box<RawValue>>,
}

/// Create a generic table
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/generic-tables", tag = "generic-table", operation_id = "create_generic_table",
    params(("prefix" = String, Path), ("namespace" = String, Path)), request_body = CreateGenericTableRequest, responses((status = 200, body = LoadGenericTableResponse)))]
pub(crate) async fn create(
    State(app): State<App>,
    at: AtNamespace,
    Posted { request, body }: Posted<CreateGenericTableRequest>,
) -> ApiResult<Json<LoadGenericTableResponse>> {
    let format = body.format.parse().map_err(|error: InvalidTableFormat| {
        ApiError::new(StatusCode::BAD_REQUEST, "InvalidFormat", error.to_string())
    })?;
    let name = Name::parse("generic table", &body.name).map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "InvalidName", error.to_string())
    })?;
    let new = GenericTableCreate {
        name,
        location: body.base_location,
        description: Description {
            format,
            doc: body.doc,
            properties: body.properties.unwrap_or_default(),
            schema: body.schema,
            statistics: body.statistics,
        },
    };
    let (warehouse, namespace) = (at.warehouse, at.namespace);
    let created = run_to_end(app.changes(), async move {
        catalog::generic_table::create(&app.catalog, &request, warehouse, &namespace, new).await
    });
    Ok(Json(LoadGenericTableResponse {
        table: created.await?.into(),
        config: None,
        storage_credentials: None,
    }))
}
