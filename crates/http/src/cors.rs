//! Cross-origin calls from browsers (Fetch Standard, "CORS protocol").

use std::time::Duration;

use http::{Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::observe::REQUEST_ID;

/// How long a browser may cache the answer to a preflight; Chromium caches none for longer.
const REMEMBERED: Duration = Duration::from_hours(2);

/// Answers preflights, and names the origins that may read answers. `None` without origins: then answers have no CORS headers,
/// and browsers refuse calls from pages of other origins.
///
/// Credentials (cookies) are never allowed: a page authenticates with a token that it sends itself.
pub(crate) fn layer(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origins = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| origin.parse().ok()))
    };
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let exposed = [
        header::ETAG,
        header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
        REQUEST_ID,
    ];
    Some(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods(methods)
            // Allows every header: engines add headers of their own, users of DuckDB can set further ones, and `*` would
            // not cover `authorization`.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(exposed)
            // Lets a page on the Internet call a catalog in a private network: the operator allowed it by listing the origin.
            .allow_private_network(true)
            .max_age(REMEMBERED),
    )
}
