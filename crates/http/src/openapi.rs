//! The OpenAPI descriptions, made from the code, and the pages that show them.

use axum::Router;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Object, RefOr, Type};
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
    let mut management = ManagementApi::openapi().merge_from(described.management);
    let of_a_project = management.paths.paths.iter_mut();
    for (_, item) in of_a_project.filter(|(path, _)| is_of_a_project(path)) {
        operations(item).for_each(take_project);
    }
    SwaggerUi::new("/swagger-ui")
        .url("/api-docs/catalog/v1/openapi.json", with_token(catalog))
        .url(
            "/api-docs/generic-table/v1/openapi.json",
            with_token(generic_tables),
        )
        .url(
            "/api-docs/management/v1/openapi.json",
            with_token(management),
        )
        .into()
}

/// Says that requests may have a bearer token: servers without an identity provider take requests without one.
fn with_token(mut api: openapi::OpenApi) -> openapi::OpenApi {
    const NAME: &str = "bearer";
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    let components = api.components.get_or_insert_default();
    components.add_security_scheme(NAME, SecurityScheme::Http(scheme));
    let no_token = SecurityRequirement::default();
    let token = SecurityRequirement::new(NAME, [""; 0]);
    api.security = Some(vec![token, no_token]);
    api
}

/// What operations on the project of the request begin with.
const OF_A_PROJECT: [&str; 7] = [
    "/v1/endpoint-statistics",
    "/v1/grants",
    "/v1/project",
    "/v1/role",
    "/v1/search/role",
    "/v1/tag-definition",
    "/v1/warehouse",
];

/// Whether the operations at the path are about the project that the request names in a header.
fn is_of_a_project(path: &str) -> bool {
    let names_another = ["{warehouse_id}", "{project_id}", "/v1/project-list"];
    path == "/v1/user/{user_id}/roles"
        || OF_A_PROJECT.iter().any(|start| path.starts_with(start))
            && !names_another.iter().any(|part| path.contains(part))
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let methods = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.head,
        &mut item.patch,
    ];
    methods.into_iter().flatten()
}

/// Describes the header that names the project, unless the operation does so itself.
fn take_project(operation: &mut Operation) {
    const NAME: &str = "x-project-id";
    let parameters = operation.parameters.get_or_insert_default();
    let is_it = |one: &RefOr<Parameter>| matches!(one, RefOr::T(one) if one.name == NAME);
    if parameters.iter().any(is_it) {
        return;
    }
    let header = ParameterBuilder::new()
        .name(NAME)
        .parameter_in(ParameterIn::Header)
        .description(Some("The project; the default project if absent."))
        .schema(Some(Object::with_type(Type::String)))
        .build();
    parameters.push(RefOr::T(header));
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
