//! The description of the APIs, made from the code.

use axum::Router;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::{App, HttpSettings};
use crate::router::{catalog_routes, generic_table_routes, management_routes};

#[derive(OpenApi)]
#[openapi(info(title = "Lakekeeper: Iceberg REST catalog", license(name = "Apache-2.0", identifier = "Apache-2.0")), servers((url = "/catalog")))]
struct CatalogApi;

#[derive(OpenApi)]
#[openapi(info(title = "Lakekeeper: generic tables", license(name = "Apache-2.0", identifier = "Apache-2.0")), servers((url = "/lakekeeper")))]
struct GenericTableApi;

#[derive(OpenApi)]
#[openapi(info(title = "Lakekeeper: management", license(name = "Apache-2.0", identifier = "Apache-2.0")), servers((url = "/management")))]
struct ManagementApi;

/// The Iceberg REST catalog API.
pub(crate) fn catalog_api() -> utoipa::openapi::OpenApi {
    let routes = catalog_routes().described();
    CatalogApi::openapi().merge_from(routes)
}

/// The generic table API.
pub(crate) fn generic_table_api() -> utoipa::openapi::OpenApi {
    let routes = generic_table_routes().described();
    GenericTableApi::openapi().merge_from(routes)
}

/// The management API.
pub(crate) fn management_api() -> utoipa::openapi::OpenApi {
    let routes = management_routes().described();
    ManagementApi::openapi().merge_from(routes)
}

/// The descriptions, and the page that shows them.
pub(crate) fn pages(settings: &HttpSettings) -> Router<App> {
    if !settings.serves_swagger_ui {
        return Router::new();
    }
    SwaggerUi::new("/swagger-ui")
        .url("/api-docs/catalog/v1/openapi.json", catalog_api())
        .url(
            "/api-docs/generic-table/v1/openapi.json",
            generic_table_api(),
        )
        .url("/api-docs/management/v1/openapi.json", management_api())
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
