//! The management API, as today's Lakekeeper has it.

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// All of its operations.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
