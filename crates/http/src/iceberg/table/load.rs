//! `GET /v1/{prefix}/namespaces/{namespace}/tables/{table}`.

use axum::extract::State;
use axum::response::Response;
use catalog::Representation;
use model::Excerpt;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{AtTabular, Headers, Query, ReadRequestThrough};
use crate::iceberg::loaded::{Shape, answer, not_modified};

/// Which snapshots to load.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoadTableQuery {
    /// `all` snapshots, or only those that branches and tags point to (`refs`); `all` if absent.
    snapshots: Option<String>,
}

/// Load a table
#[utoipa::path(get, path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}", tag = "iceberg", operation_id = "loadTable",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path), LoadTableQuery, ("referenced-by" = Option<String>, Query)),
    responses((status = 200, body = Object), (status = 304)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequestThrough(request): ReadRequestThrough,
    at: AtTabular,
    Headers(headers): Headers,
    Query(query): Query<LoadTableQuery>,
) -> ApiResult<Response> {
    let representation = match query.snapshots.as_deref() {
        None | Some("all") => Representation::All,
        Some("refs") => Representation::Refs,
        Some(other) => {
            let shown = Excerpt(other);
            return Err(ApiError::bad_request(format!(
                "`snapshots` is `{shown}`; it must be `all` or `refs`"
            )));
        }
    };
    let loaded = catalog::table::load(
        &app.catalog,
        &request,
        at.warehouse,
        &at.path,
        representation,
    )
    .await?;
    match not_modified(&app, &headers, &loaded) {
        Some(response) => Ok(response),
        None => answer(&app, &headers, &loaded, Shape::Table(&at.path)).await,
    }
}
