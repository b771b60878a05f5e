//! The URI at which clients reach the catalog, for the links in its answers.

use http::header::HOST;
use http::{HeaderMap, HeaderName};

use crate::app::HttpSettings;
use crate::error::{ApiError, ApiResult};

// Constants, because parsing these names for each request would cost more.
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The base of all links, without a trailing `/`: the configured URI, or else made from the request's headers.
pub(crate) fn base_uri(settings: &HttpSettings, headers: &HeaderMap) -> ApiResult<String> {
    if let Some(configured) = &settings.base_uri {
        return Ok(configured.trim_end_matches('/').to_owned());
    }
    // Saves four look-ups: most requests have no such header.
    let is_of_proxy = |name: &HeaderName| name.as_str().starts_with("x-forwarded-");
    let believed = settings.trusts_forwarded_headers && headers.keys().any(is_of_proxy);
    let forwarded = |name: HeaderName| {
        let value = believed.then(|| headers.get(name))??.to_str().ok()?;
        // A chain of proxies makes a list; its first value is the one that the client used.
        value
            .split(',')
            .next()
            .map(str::trim)
            .filter(|value| is_plain(value))
    };
    let (proto, port) = (forwarded(PROTO), forwarded(PORT));
    let forwarded_host = forwarded(FORWARDED_HOST);
    let own_host = || {
        headers
            .get(HOST)?
            .to_str()
            .ok()
            .filter(|host| is_plain(host))
    };
    let host = forwarded_host.or_else(own_host).ok_or_else(|| {
        ApiError::bad_request(
            "the request has no `host` header, and no `LAKEKEEPER__BASE_URI` is configured",
        )
    })?;
    let is_forwarded = forwarded_host.is_some() || proto.is_some() || port.is_some();
    let scheme = match proto {
        Some(proto) if proto.eq_ignore_ascii_case("http") => "http",
        Some(_) => "https",
        None if is_forwarded => "https",
        None => "http",
    };
    let default_port = if scheme == "https" { "443" } else { "80" };
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let port = port.filter(|port| !has_port && *port != default_port);
    let (colon, port) = port.map_or(("", ""), |port| (":", port));
    let prefix = forwarded(PREFIX)
        .map(|prefix| prefix.trim_matches('/'))
        .unwrap_or_default();
    let slash = if prefix.is_empty() { "" } else { "/" };
    Ok([scheme, "://", host, colon, port, slash, prefix].concat())
}

/// Most bytes of a host or prefix that is believed: a DNS name has at most 253, and links are kept in memory.
const MAX_BYTES: usize = 255;

/// Whether a header's value can be put into a URI unescaped.
fn is_plain(value: &str) -> bool {
    let is_mark = |b: u8| matches!(b, b'-' | b'.' | b'_' | b'~' | b':' | b'[' | b']' | b'/');
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || is_mark(b);
    !value.is_empty() && value.len() <= MAX_BYTES && value.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&'static str, &str)]) -> Option<String> {
        let headers = headers.iter().map(|(name, value)| {
            (
                name.parse::<http::HeaderName>().unwrap(),
                value.parse::<http::HeaderValue>().unwrap(),
            )
        });
        base_uri(&HttpSettings::default(), &headers.collect()).ok()
    }

    #[test]
    fn hosts_longer_than_any_in_the_dns_do_not_count() {
        let long = "a".repeat(256);
        assert_eq!(of(&[("host", &long)]), None);
        assert_eq!(
            of(&[("host", &long[1..])]).unwrap(),
            format!("http://{}", &long[1..])
        );
        let ours = ("host", "10.0.0.1:8181");
        assert_eq!(
            of(&[ours, ("x-forwarded-host", &long)]).unwrap(),
            "http://10.0.0.1:8181"
        );
    }

    #[test]
    fn the_host_decides_unless_a_proxy_says_otherwise() {
        let ours = ("host", "10.0.0.1:8181");
        assert_eq!(of(&[ours]).unwrap(), "http://10.0.0.1:8181");
        assert_eq!(
            of(&[ours, ("x-forwarded-host", "lake.example")]).unwrap(),
            "https://lake.example"
        );
        assert_eq!(
            of(&[
                ours,
                ("x-forwarded-host", "lake.example"),
                ("x-forwarded-proto", "http"),
                ("x-forwarded-port", "8080")
            ])
            .unwrap(),
            "http://lake.example:8080"
        );
        assert_eq!(
            of(&[
                ours,
                ("x-forwarded-host", "lake.example"),
                ("x-forwarded-port", "443"),
                ("x-forwarded-prefix", "/ice/")
            ])
            .unwrap(),
            "https://lake.example/ice"
        );
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_header_that_would_break_the_uri_is_not_believed() {
        assert_eq!(
            of(&[("host", "a"), ("x-forwarded-host", "evil\"><script>")]).unwrap(),
            "http://a"
        );
    }

    #[test]
    fn the_configuration_wins() {
        let settings = HttpSettings {
            base_uri: Some("https://x/y/".to_owned()),
            ..HttpSettings::default()
        };
        assert_eq!(
            base_uri(&settings, &HeaderMap::new()).unwrap(),
            "https://x/y"
        );
    }
}
