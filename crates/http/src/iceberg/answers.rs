//! Finished answers: what was made for a version of a table or view is sent again for as long as that version is current.

use std::sync::Arc;

use catalog::LoadedStamp;
use http::HeaderValue;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

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

/// The answers, bounded in bytes.
#[derive(Debug)]
pub(crate) struct Answers(Cache<AnswerKey, Arc<Answer>, ByBytes>);

#[derive(Debug, Clone, Copy)]
struct ByBytes;

/// What an answer costs beside its body.
const OVERHEAD: u64 = 400;
/// How large a body is expected to be; decides on the size of the cache's table.
const TYPICAL: u64 = 8_192;
/// The parts that are locked by themselves. Each has its share of the bytes, and an answer must fit into one.
const SHARDS: usize = 4;

impl Weighter<AnswerKey, Arc<Answer>> for ByBytes {
    fn weight(&self, _: &AnswerKey, answer: &Arc<Answer>) -> u64 {
        answer.body.len() + OVERHEAD
    }
}

impl Answers {
    /// None yet, and never more than so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(usize::try_from(bytes / TYPICAL).unwrap_or(usize::MAX))
            .weight_capacity(bytes)
            .build();
        Self(match options {
            Ok(options) => Cache::with_options(
                options,
                ByBytes,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            // All that is required is given.
            Err(_) => Cache::with_weighter(0, bytes, ByBytes),
        })
    }

    pub(crate) fn get(&self, key: &AnswerKey) -> Option<Arc<Answer>> {
        self.0.get(key)
    }

    pub(crate) fn put(&self, key: AnswerKey, answer: &Arc<Answer>) {
        self.0.insert(key, Arc::clone(answer));
    }
}
