//! Finished answers: what was made for a version of a table or view is sent again for as long as that version is current.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use catalog::{Bounded, LoadedStamp, Weight, bounded};
use http::{HeaderMap, HeaderValue, header};

use crate::splice::Pieces;

/// How an answer is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    /// Compressed, as the metadata is stored.
    Gzip,
    /// As text.
    Identity,
}

/// Which answer: to whom else it is given does not change it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AnswerKey {
    pub(crate) loaded: LoadedStamp,
    pub(crate) coding: Coding,
    /// The credential's serial number, if there is one in it.
    pub(crate) credential: Option<u64>,
    /// The text of the links that are in it.
    pub(crate) links: Option<String>,
}

/// An answer to send as it is.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Pieces,
    headers: HeaderMap,
}

/// Headers that an answer has in the end, at most: a map that grows is written anew.
const HEADERS: usize = 8;

impl Answer {
    /// Of JSON.
    pub(crate) fn new(body: Pieces, coding: Coding, etag: Option<HeaderValue>) -> Self {
        let mut headers = HeaderMap::with_capacity(HEADERS);
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        if coding == Coding::Gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        put_validators(&mut headers, etag);
        Self { body, headers }
    }
}

impl IntoResponse for &Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::new(self.body.clone()));
        *response.headers_mut() = self.headers.clone();
        response
    }
}

/// What 200 and 304 have in common (RFC 9110, section 15.4.5).
pub(super) fn put_validators(set: &mut HeaderMap, etag: Option<HeaderValue>) {
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

impl Weight for Answer {
    fn bytes(&self) -> u64 {
        self.body.len()
    }
}

/// The answers, bounded in bytes.
#[derive(Debug)]
pub(crate) struct Answers(Bounded<AnswerKey, Arc<Answer>>);

/// Bytes of the longest links that an answer is kept for.
const MAX_LINKS: usize = 2_048;
/// How many bytes a body has as a rule.
const TYPICAL: u64 = 8_192;

impl Answers {
    /// None yet, and never more than so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        Self(bounded(bytes, TYPICAL))
    }

    pub(crate) fn get(&self, key: &AnswerKey) -> Option<Arc<Answer>> {
        self.0.get(key)
    }

    /// Keeps the answer, unless its links are so long that they would count for more than they weigh: the cache weighs bodies.
    pub(crate) fn put(&self, key: AnswerKey, answer: &Arc<Answer>) {
        if key
            .links
            .as_ref()
            .is_none_or(|text| text.len() <= MAX_LINKS)
        {
            self.0.insert(key, Arc::clone(answer));
        }
    }
}
