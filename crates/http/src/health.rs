//! Whether the catalog is well.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::app::App;

/// `GET /health`: 200 if the database answers, 503 if not.
pub(crate) async fn health(State(app): State<App>) -> Response {
    let (status, word) = match catalog::server::info(&app.catalog).await {
        Ok(_) => (StatusCode::OK, "healthy"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
    };
    let body = json!({ "health": word, "services": { "catalog": [{ "name": "database", "status": word }] } });
    (status, Json(body)).into_response()
}
