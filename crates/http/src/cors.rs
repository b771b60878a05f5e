//! What a browser asks for before a page of another origin may call the APIs (Fetch Standard, "CORS protocol").

use std::time::Duration;

use http::{Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::observe::REQUEST_ID;

/// How long a browser may remember an answer to its preflight; Chromium remembers none for longer.
const REMEMBERED: Duration = Duration::from_hours(2);

/// Answers preflights, and names the origins that may read answers. `None` if there are none: then the APIs say nothing
/// about origins, and browsers keep other pages out.
///
/// Cookies are never allowed: what a page may do here depends on the token that it sends itself.
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
            // Whatever a client sends: engines add headers of their own, users of DuckDB name some, and `*` would not
            // stand for `authorization`.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(exposed)
            // A page on the Internet calls a catalog at home: whoever listed its origin has agreed.
            .allow_private_network(true)
            .max_age(REMEMBERED),
    )
}
