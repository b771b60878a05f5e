//! The description of the APIs, made from the code.

use axum::Router;
use utoipa::{OpenApi, openapi};
use utoipa_swagger_ui::SwaggerUi;

use crate::app::{App, HttpSettings};
use crate::router::catalog_routes;

#[derive(OpenApi)]
#[openapi(info(title = "Lakekeeper: Iceberg REST catalog", license(name = "Apache-2.0", identifier = "Apache-2.0")), servers((url = "/catalog")))]
struct CatalogApi;

#[derive(OpenApi)]
#[openapi(info(title = "Lakekeeper: generic tables", license(name = "Apache-2.0", identifier = "Apache-2.0")), servers((url = "/lakekeeper")))]
struct GenericTableApi;

#[derive(OpenApi)]
#[openapi(info(title = "Lakekeeper: management", license(name = "Apache-2.0", identifier = "Apache-2.0")), servers((url = "/management")))]
struct ManagementApi;

/// What is routed, described API by API.
pub(crate) struct Described {
    pub(crate) catalog: openapi::OpenApi,
    pub(crate) generic_tables: openapi::OpenApi,
    pub(crate) management: openapi::OpenApi,
}

/// The descriptions, and the page that shows them.
pub(crate) fn pages(settings: &HttpSettings, described: Described) -> Router<App> {
    if !settings.serves_swagger_ui {
        return Router::new();
    }
    let catalog = CatalogApi::openapi().merge_from(described.catalog);
    let generic_tables = GenericTableApi::openapi().merge_from(described.generic_tables);
    let management = ManagementApi::openapi().merge_from(described.management);
    SwaggerUi::new("/swagger-ui")
        .url("/api-docs/catalog/v1/openapi.json", catalog)
        .url("/api-docs/generic-table/v1/openapi.json", generic_tables)
        .url("/api-docs/management/v1/openapi.json", management)
        .into()
}

/// The endpoints as `GET /v1/config` lists them: what is routed, and nothing else.
pub(crate) fn iceberg_endpoints() -> &'static [String] {
    static ENDPOINTS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        let routes = catalog_routes().described();
        let mut endpoints = Vec::new();
        for (path, item) in routes.paths.paths {
            let methods = [
                ("GET", item.get.is_some()),
                ("HEAD", item.head.is_some()),
                ("POST", item.post.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            let routed = methods.into_iter().filter(|(_, is_routed)| *is_routed);
            endpoints.extend(routed.map(|(method, _)| format!("{method} {path}")));
        }
        // Clients know it without being told.
        endpoints.retain(|endpoint| endpoint != "GET /v1/config");
        endpoints
    });
    &ENDPOINTS
}
