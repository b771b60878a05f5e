//! What happens to every request and answer, whatever it is about.

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use model::RequestId;
use tower::Layer;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::decompression::RequestDecompressionLayer;
use tracing::Instrument;

use crate::app::HttpSettings;
use crate::error::ApiError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Smaller answers are not worth compressing.
const COMPRESS_ABOVE: u64 = 2_048;

/// The router with everything around it.
pub(crate) fn around(router: Router, settings: &HttpSettings) -> Router {
    // One layer of several, the outermost first: each by itself would box every request and answer.
    let around = (
        CatchPanicLayer::custom(panicked),
        CompressionLayer::new()
            .quality(CompressionLevel::Fastest)
            .compress_when(SizeAbove::new(COMPRESS_ABOVE)),
        RequestDecompressionLayer::new(),
        DefaultBodyLimit::max(settings.max_body_bytes),
    );
    let router = router
        .layer(around)
        .layer(from_fn_with_state(settings.max_request_time, in_time))
        .layer(from_fn(observe));
    let router = match cors(settings) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    // Paths are put right before they are routed, so this layer is around the router, not inside of it.
    let service = tower::util::MapRequestLayer::new(plus_is_space).layer(router);
    Router::new().fallback_service(service)
}

/// Java's clients write a space in a path as `+`.
fn plus_is_space(mut request: Request) -> Request {
    let uri = request.uri();
    if uri.path().contains('+') {
        let query = uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let put_right = format!("{}{query}", uri.path().replace('+', "%20"));
        if let Ok(uri) = put_right.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// A request in an encoding that is not taken gets an empty 415 from a layer below; it deserves a message.
fn explain_encoding(response: Response) -> Response {
    if response.status() != StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return response;
    }
    let message = "the request's `content-encoding` is not one that the catalog takes; send \
                   `gzip`, `zstd` or no encoding";
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let mut explained =
        ApiError::new(status, "UnsupportedMediaTypeException", message).into_response();
    if let Some(taken) = response.headers().get(header::ACCEPT_ENCODING) {
        let taken = taken.clone();
        explained
            .headers_mut()
            .insert(header::ACCEPT_ENCODING, taken);
    }
    explained
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

/// Answers a request that takes too long. What it was to change may still happen, so that answer must not be a 4xx: a client
/// would take the change for refused and delete what it has written (REST specification, `CommitStateUnknownException`).
async fn in_time(State(longest): State<Duration>, request: Request, next: Next) -> Response {
    let is_safe = request.method().is_safe();
    let Ok(response) = tokio::time::timeout(longest, next.run(request)).await else {
        let message = format!(
            "the request took longer than {} s (`LAKEKEEPER__MAX_REQUEST_TIME`)",
            longest.as_secs()
        );
        let error = if is_safe {
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
        } else {
            let message = format!("{message}; nobody knows yet whether its change will happen");
            ApiError::new(
                StatusCode::GATEWAY_TIMEOUT,
                "CommitStateUnknownException",
                message,
            )
        };
        return error.into_response();
    };
    response
}

/// Gives the request an id, logs it and counts it.
async fn observe(request: Request, next: Next) -> Response {
    let given = request.headers().get(REQUEST_ID);
    let id = match given.filter(|id| is_short_word(id)) {
        Some(given) => Some(given.clone()),
        None => HeaderValue::try_from(RequestId::generate().to_string()).ok(),
    };
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    // What only the log needs is made only for it.
    let path = tracing::enabled!(tracing::Level::INFO).then(|| request.uri().path().to_owned());
    let shown = id.as_ref().and_then(|id| id.to_str().ok());
    let span = tracing::info_span!("request", request.id = shown.unwrap_or_default());
    let start = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let mut response = explain_encoding(response);
    let (elapsed, status) = (start.elapsed(), response.status());
    if let Some(path) = path {
        let duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        span.in_scope(|| {
            tracing::info!(%method, path, status = status.as_u16(), duration_us, "answered");
        });
    }
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    count(&method, route, status, elapsed.as_secs_f64());
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn count(method: &Method, route: &str, status: StatusCode, seconds: f64) {
    let labels = [
        ("method", method.to_string()),
        ("route", route.to_owned()),
        ("status", status.as_str().to_owned()),
    ];
    metrics::histogram!("lakekeeper_http_request_duration_seconds", &labels).record(seconds);
}

fn is_short_word(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=128).contains(&bytes.len())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b))
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
