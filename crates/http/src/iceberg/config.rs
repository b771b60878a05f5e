//! `GET /v1/config`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Headers, Query, ReadRequest, forwarded_base};
use crate::openapi::iceberg_endpoints;

/// The warehouse to configure an engine for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConfigQuery {
    /// The name of a warehouse in the request's project, `<project-id>/<name>`, or the warehouse's id. May be left out if the
    /// caller may use exactly one active warehouse of the project.
    warehouse: Option<String>,
}

/// The configuration that an engine loads before all other calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CatalogConfig {
    /// Settings that the engine must use.
    overrides: BTreeMap<String, String>,
    /// Settings that the engine may override. `prefix` is the warehouse's id, with which the paths of all other calls begin.
    defaults: BTreeMap<String, String>,
    /// The endpoints of the catalog, as `<method> <path>`.
    endpoints: &'static [String],
    /// How long the catalog remembers an `idempotency-key`, an ISO 8601 duration.
    idempotency_key_lifetime: String,
}

/// Load the configuration for an engine
#[utoipa::path(get, path = "/v1/config", tag = "iceberg", operation_id = "getConfig", params(ConfigQuery), responses((status = 200, body = CatalogConfig)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Headers(headers): Headers,
    Query(query): Query<ConfigQuery>,
) -> ApiResult<Json<CatalogConfig>> {
    let config = catalog::config::load(&app.catalog, &request, query.warehouse.as_deref()).await?;
    let base = forwarded_base(&app, &headers)?;
    let mut defaults = BTreeMap::from_iter(config.defaults);
    defaults.insert("prefix".to_owned(), config.warehouse.to_string());
    defaults.insert(
        "rest-page-size".to_owned(),
        app.settings.page_size_default.to_string(),
    );
    let endpoint = app
        .authenticator
        .as_ref()
        .and_then(|one| one.token_endpoint());
    if let Some(endpoint) = endpoint {
        defaults.insert("oauth2-server-uri".to_owned(), endpoint);
    }
    let overrides = BTreeMap::from([
        ("uri".to_owned(), format!("{base}/catalog")),
        ("namespace-separator".to_owned(), "%1F".to_owned()),
    ]);
    let seconds = app.catalog.settings().idempotency_lifetime.as_secs();
    Ok(Json(CatalogConfig {
        overrides,
        defaults,
        endpoints: iceberg_endpoints(),
        idempotency_key_lifetime: iso_duration(seconds),
    }))
}

/// An ISO 8601 duration.
fn iso_duration(seconds: u64) -> String {
    if seconds.is_multiple_of(60) {
        format!("PT{}M", seconds / 60)
    } else {
        format!("PT{seconds}S")
    }
}
