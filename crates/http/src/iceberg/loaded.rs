//! Tables and views as answers.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use catalog::Loaded;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::answers::{Answer, AnswerKey, Coding};
use crate::app::App;
use crate::error::ApiResult;
use crate::etag::{etag, is_known};
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
    let coding = if accepts_gzip(headers) {
        Coding::Gzip
    } else {
        Coding::Identity
    };
    let answer = finished(app, loaded, shape, (coding, delegation(headers)))?;
    let mut response = Response::new(Body::new(answer.body.clone()));
    let set = response.headers_mut();
    set.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if coding == Coding::Gzip {
        set.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    put_validators(set, answer.etag.clone());
    Ok(response)
}

/// 304, if the client has named the answer's tag; nothing otherwise.
pub(super) fn not_modified(headers: &HeaderMap, loaded: &Loaded) -> Option<Response> {
    if !headers.contains_key(header::IF_NONE_MATCH) {
        return None;
    }
    let etag = etag(loaded, &delegation(headers)).filter(|etag| is_known(headers, etag))?;
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    put_validators(response.headers_mut(), Some(etag));
    Some(response)
}

/// What 200 and 304 have in common (RFC 9110, section 15.4.5).
fn put_validators(set: &mut HeaderMap, etag: Option<HeaderValue>) {
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
}

/// The answer, out of those that are kept or made now. Commits are answered once, so they are not kept.
fn finished(
    app: &App,
    loaded: &Loaded,
    shape: Shape,
    (coding, delegation): (Coding, String),
) -> ApiResult<Arc<Answer>> {
    let key = loaded.stamp().filter(|_| shape == Shape::Load);
    let Some(stamp) = key else {
        let etag = etag(loaded, &delegation);
        let body = body(loaded, shape, coding)?;
        return Ok(Arc::new(Answer { body, etag }));
    };
    let key = AnswerKey {
        loaded: stamp,
        coding,
        delegation,
    };
    if let Some(known) = app.answers.get(&key) {
        return Ok(known);
    }
    let made = Arc::new(Answer {
        body: body(loaded, shape, coding)?,
        etag: etag(loaded, &key.delegation),
    });
    app.answers.put(key, &made);
    Ok(made)
}

fn body(loaded: &Loaded, shape: Shape, coding: Coding) -> ApiResult<Pieces> {
    let before = match &loaded.metadata_location {
        Some(location) => format!(
            "{{\"metadata-location\":{},\"metadata\":",
            Value::from(location.as_str())
        ),
        None => "{\"metadata\":".to_owned(),
    };
    let after = match shape {
        Shape::Load => format!(",\"config\":{}}}", config(loaded)),
        Shape::Commit => "}".to_owned(),
    };
    Ok(match coding {
        Coding::Gzip => gzip(before.as_bytes(), &loaded.metadata, after.as_bytes()),
        Coding::Identity => {
            let json = Bytes::from(loaded.metadata_json()?);
            Pieces::new([before.into(), json, after.into()])
        }
    })
}

fn config(loaded: &Loaded) -> Value {
    let config = loaded.config().into_iter();
    config
        .map(|(key, value)| (key, Value::from(value)))
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
