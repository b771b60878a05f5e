//! The health check.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::app::App;

/// `GET /health`: 200 if the database and the secret store answer, 503 if not.
pub(crate) async fn health(State(app): State<App>) -> Response {
    let health = catalog::server::health(&app.catalog).await;
    let word = |is_well| if is_well { "healthy" } else { "unhealthy" };
    let status = if health.is_well() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "health": word(health.is_well()),
        "services": {
            "catalog": [{ "name": "database", "status": word(health.database) }],
            "secrets": [{ "name": "secrets", "status": word(health.secrets) }],
        },
    });
    (status, Json(body)).into_response()
}
