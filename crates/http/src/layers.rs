//! What happens to every request and answer, whatever it is about.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use crate::app::App;
use crate::codings::Decode;
use crate::cors;
use crate::error::ApiError;
use crate::observe::Observe;

/// Smaller answers are not worth compressing.
const COMPRESS_ABOVE: u64 = 2_048;

/// The router with everything around it.
pub(crate) fn around(router: Router, app: &App) -> Router {
    let settings = &app.settings;
    // One layer of several, the outermost first: each by itself would box every request and answer.
    let router = router.layer((
        Observe::within(settings.max_request_time, app.catalog.calls()),
        CatchPanicLayer::custom(panicked),
        CompressionLayer::new()
            .quality(CompressionLevel::Fastest)
            .compress_when(SizeAbove::new(COMPRESS_ABOVE)),
        Decode,
        DefaultBodyLimit::max(settings.max_body_bytes),
    ));
    // Outermost, so that pages can read errors too.
    match cors::layer(&settings.allow_origin) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    let message =
        "internal error; the server's log has the details, under the id in `x-request-id`";
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalServerError",
        message,
    )
    .into_response()
}
