//! Tables and views as answers.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use catalog::Loaded;
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;

use crate::app::App;
use crate::error::ApiResult;
use crate::etag::etag;
use crate::extract::delegation;
use crate::splice::{Pieces, gzip};

/// What stands beside the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `LoadTableResult`, `LoadViewResult`: what the client needs to reach the files.
    Load,
    /// `CommitTableResponse`, `UnregisterTableResponse`: nothing.
    Commit,
}

/// The answer; compressed as it is stored if the client takes gzip.
pub(super) fn answer(
    app: &App,
    headers: &HeaderMap,
    loaded: &Loaded,
    shape: Shape,
) -> ApiResult<Response> {
    let etag = etag(loaded, &delegation(headers));
    answer_tagged(app, headers, (loaded, shape), etag)
}

/// The same, with an entity tag that is known already.
pub(super) fn answer_tagged(
    app: &App,
    headers: &HeaderMap,
    (loaded, shape): (&Loaded, Shape),
    etag: Option<HeaderValue>,
) -> ApiResult<Response> {
    let before = before(loaded);
    let after = match shape {
        Shape::Load => format!(",\"config\":{}}}", config(loaded)),
        Shape::Commit => "}".to_owned(),
    };
    let mut response = if accepts_gzip(headers) {
        let mut response = Response::new(Body::new(gzip(
            before.as_bytes(),
            &loaded.metadata,
            after.as_bytes(),
        )));
        let encoding = HeaderValue::from_static("gzip");
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, encoding);
        response
    } else {
        let json = app.catalog.metadata_json(loaded)?;
        Response::new(Body::new(Pieces::new([
            Bytes::from(before),
            json,
            Bytes::from(after),
        ])))
    };
    let set = response.headers_mut();
    set.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    set.insert(
        header::VARY,
        HeaderValue::from_static(
            "accept-encoding, authorization, x-project-id, x-iceberg-access-delegation",
        ),
    );
    if let Some(etag) = etag {
        set.insert(header::ETAG, etag);
    }
    Ok(response)
}

fn before(loaded: &Loaded) -> String {
    match &loaded.metadata_location {
        Some(location) => format!(
            "{{\"metadata-location\":{},\"metadata\":",
            Value::from(location.as_str())
        ),
        None => "{\"metadata\":".to_owned(),
    }
}

fn config(loaded: &Loaded) -> Value {
    loaded
        .config
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Whether the client takes gzip (RFC 9110, section 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut codings = values.flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = matches!(
            quality.replace(' ', "").as_str(),
            "q=0" | "q=0.0" | "q=0.00" | "q=0.000"
        );
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_only_where_it_is_taken() {
        let with = |value: &'static str| {
            HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))])
        };
        for value in ["gzip", "deflate, GZIP;q=0.5", "br, gzip"] {
            assert!(accepts_gzip(&with(value)), "{value}");
        }
        for value in ["identity", "gzip;q=0", "gzip; q=0.0", "zstd", ""] {
            assert!(!accepts_gzip(&with(value)), "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
