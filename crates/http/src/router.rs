//! The routes of all operations.

use axum::extract::State;
use axum::routing::{get, post};
use catalog::audit::Audit;
use http::StatusCode;
use utoipa_axum::routes;

use crate::app::App;
use crate::direct::ApiService;
use crate::entry::Entry;
use crate::error::ApiError;
use crate::layers::Layers;
use crate::openapi::Described;
use crate::routes::Routes;
use crate::{generic_table, health, iceberg, management, openapi};

/// The Iceberg REST catalog API, below `/catalog`.
pub(crate) fn catalog_routes() -> Routes {
    use iceberg::{config, function, namespace, table, transaction, view};
    Routes::new()
        .routes(routes!(config::load))
        .routes(routes!(namespace::list::list, namespace::create::create))
        .routes(routes!(
            namespace::load::load,
            namespace::exists::exists,
            namespace::drop::drop
        ))
        .routes(routes!(namespace::update::update))
        .routes(routes!(table::list::list, table::create::create))
        .routes(routes!(
            table::load::load,
            table::exists::exists,
            table::commit::commit,
            table::drop::drop
        ))
        .routes(routes!(table::credentials::credentials))
        .routes(routes!(table::rename::rename))
        .routes(routes!(table::register::register))
        .routes(routes!(table::unregister::unregister))
        .routes(routes!(table::report_metrics::report_metrics))
        .routes(routes!(table::sign::sign))
        .routes(routes!(table::sign::sign_by_id))
        .routes(routes!(table::sign::sign_by_location))
        .routes(routes!(table::sign::sign_below_warehouse))
        .routes(routes!(table::sign::sign_without_prefix))
        .routes(routes!(transaction::commit))
        .routes(routes!(view::list::list, view::create::create))
        .routes(routes!(
            view::load::load,
            view::exists::exists,
            view::replace::replace,
            view::drop::drop
        ))
        .routes(routes!(view::rename::rename))
        .routes(routes!(view::register::register))
        .routes(routes!(function::list))
        .routes(routes!(function::load))
}

/// The generic table API, below `/lakekeeper`.
fn generic_table_routes() -> Routes {
    use generic_table::{create, credentials, drop, list, load, rename};
    Routes::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(load::load, drop::drop))
        .routes(routes!(credentials::credentials))
        .routes(routes!(rename::rename))
}

/// The management API, below `/management`.
fn management_routes() -> Routes {
    management::routes()
}

/// The whole service, for the app.
pub fn service(app: &App) -> ApiService {
    let (catalog, catalog_api) = catalog_routes().below("/catalog");
    let (generic_tables, generic_table_api) = generic_table_routes().below("/lakekeeper");
    let (management, management_api) = management_routes().below("/management");
    let mut apis = catalog.merge(generic_tables).merge(management);
    if app.authenticator.is_some() || app.catalog.settings().audit == Audit::On {
        apis = apis.route_layer(Entry(app.clone()));
    }
    let described = Described {
        catalog: catalog_api,
        generic_tables: generic_table_api,
        management: management_api,
    };
    let pages = openapi::pages(&app.settings, described);
    let router = apis
        // Outside of the authentication: a client that asks for a token has none yet.
        .route("/catalog/v1/oauth/tokens", post(iceberg::oauth::tokens))
        .route("/health", get(health::health))
        .merge(pages)
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(app.clone());
    ApiService::new(app, &Layers::of(app), router)
}

async fn no_such_path(State(app): State<App>, uri: http::Uri) -> ApiError {
    let list = if app.settings.serves_swagger_ui {
        "; `/swagger-ui` shows all that there is"
    } else {
        ""
    };
    let message = format!(
        "there is nothing at `{}`: the paths of the Iceberg API begin with `/catalog/v1`, those of the management API with `/management/v1`{list}",
        uri.path()
    );
    ApiError::new(StatusCode::NOT_FOUND, "NotFoundException", message)
}

async fn no_such_method(method: http::Method, uri: http::Uri) -> ApiError {
    let message = format!("`{}` does not take {method}", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
}
