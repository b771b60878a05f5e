//! What happens to every request and answer, whatever it is about.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, Method, StatusCode, header};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::decompression::RequestDecompressionLayer;

use crate::app::HttpSettings;
use crate::error::ApiError;
use crate::observe::{Observe, REQUEST_ID};

/// Smaller answers are not worth compressing.
const COMPRESS_ABOVE: u64 = 2_048;

/// The router with everything around it.
pub(crate) fn around(router: Router, settings: &HttpSettings) -> Router {
    // One layer of several, the outermost first: each by itself would box every request and answer.
    let router = router.layer((
        Observe::within(settings.max_request_time),
        CatchPanicLayer::custom(panicked),
        CompressionLayer::new()
            .quality(CompressionLevel::Fastest)
            .compress_when(SizeAbove::new(COMPRESS_ABOVE)),
        RequestDecompressionLayer::new(),
        DefaultBodyLimit::max(settings.max_body_bytes),
    ));
    match cors(settings) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    let message = "internal error; the log of the server says more";
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalServerError",
        message,
    )
    .into_response()
}

fn cors(settings: &HttpSettings) -> Option<CorsLayer> {
    let origins = match settings.allow_origin.as_slice() {
        [] => return None,
        [all] if all == "*" => AllowOrigin::any(),
        some => AllowOrigin::list(some.iter().filter_map(|origin| origin.parse().ok())),
    };
    let headers = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::ACCEPT,
        header::USER_AGENT,
        header::IF_NONE_MATCH,
        REQUEST_ID,
        HeaderName::from_static("x-project-id"),
        HeaderName::from_static("x-user-agent"),
        HeaderName::from_static("x-iceberg-access-delegation"),
        HeaderName::from_static("idempotency-key"),
    ];
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ];
    Some(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods(methods)
            .allow_headers(headers)
            .expose_headers([header::ETAG, REQUEST_ID]),
    )
}
