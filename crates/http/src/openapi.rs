//! The OpenAPI descriptions, made from the code, and the pages that show them.

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

/// The described operations of each API.
pub(crate) struct Described {
    pub(crate) catalog: openapi::OpenApi,
    pub(crate) generic_tables: openapi::OpenApi,
    pub(crate) management: openapi::OpenApi,
}

/// Routes of the descriptions and of the page that shows them; none if this is switched off.
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

/// The endpoints that `GET /v1/config` lists: those that are routed, as `<method> <path>`.
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
        // Clients call this endpoint before they know the list.
        endpoints.retain(|endpoint| endpoint != "GET /v1/config");
        endpoints
    });
    &ENDPOINTS
}
