//! A cache of finished answers to loads of tables and views: an answer is sent again as long as its version is current.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use catalog::{Bounded, LoadedStamp, Weight, bounded};
use http::{HeaderMap, HeaderValue, header};

use crate::splice::Pieces;

/// How an answer is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    /// gzip, around the metadata as it is stored.
    Gzip,
    /// Not encoded.
    Identity,
}

/// All that an answer depends on. The caller is not part of it: callers with equal keys get equal answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AnswerKey {
    pub(crate) loaded: LoadedStamp,
    pub(crate) coding: Coding,
    /// The serial number of the credential in the answer, if there is one.
    pub(crate) credential: Option<u64>,
    /// `Links::text` of the links in the answer, if there are any.
    pub(crate) links: Option<String>,
}

/// A finished answer: body and headers.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Pieces,
    headers: HeaderMap,
}

/// The most headers that an answer has, those of the layers included: a header map that grows must be rebuilt.
const HEADERS: usize = 8;

impl Answer {
    /// An answer with a JSON body.
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

/// Sets the caching headers that a 304 repeats from the 200 (RFC 9110, section 15.4.5).
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

/// The cached answers, bounded in bytes.
#[derive(Debug)]
pub(crate) struct Answers(Bounded<AnswerKey, Arc<Answer>>);

/// Most bytes of [`AnswerKey::links`] in a cached answer's key.
const MAX_LINKS: usize = 2_048;
/// The usual size of a body in bytes, from which the number of cached answers is estimated.
const TYPICAL: u64 = 8_192;

impl Answers {
    /// An empty cache that holds at most so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        Self(bounded(bytes, TYPICAL))
    }

    pub(crate) fn get(&self, key: &AnswerKey) -> Option<Arc<Answer>> {
        self.0.get(key)
    }

    /// Caches the answer, unless its links are long: the cache weighs bodies only, and clients can choose the host in links.
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
