//! Finished answers: what was made for a version of a table or view is sent again for as long as that version is current.

use std::sync::Arc;

use catalog::{Bounded, LoadedStamp, Weight, bounded};
use http::HeaderValue;

use super::delegated::Links;
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
    /// Where the client reaches the catalog, if that is in it.
    pub(crate) links: Option<Links>,
}

/// A body and its tag.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Pieces,
    pub(crate) etag: Option<HeaderValue>,
}

impl Weight for Answer {
    fn bytes(&self) -> u64 {
        self.body.len()
    }
}

/// The answers, bounded in bytes.
#[derive(Debug)]
pub(crate) struct Answers(Bounded<AnswerKey, Arc<Answer>>);

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

    pub(crate) fn put(&self, key: AnswerKey, answer: &Arc<Answer>) {
        self.0.insert(key, Arc::clone(answer));
    }
}
