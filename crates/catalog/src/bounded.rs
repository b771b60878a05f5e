//! Caches that are bounded in bytes.

use std::hash::Hash;
use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

/// A value whose size in bytes counts in a cache.
pub trait Weight {
    /// Its size in bytes.
    fn bytes(&self) -> u64;
}

impl<T: Weight> Weight for Arc<T> {
    fn bytes(&self) -> u64 {
        self.as_ref().bytes()
    }
}

/// Weighs an entry by its bytes, plus a fixed overhead per entry.
#[derive(Debug, Clone, Copy)]
pub struct ByBytes;

/// A cache of a bounded number of bytes.
pub type Bounded<K, V> = Cache<K, V, ByBytes>;

/// Bytes that an entry costs in addition to its value.
const OVERHEAD: u64 = 400;
/// Number of parts of a cache that are locked separately. Each has its share of the bytes, and an entry must fit into
/// one.
const SHARDS: usize = 4;

impl<K, V: Weight> Weighter<K, V> for ByBytes {
    fn weight(&self, _: &K, one: &V) -> u64 {
        one.bytes() + OVERHEAD
    }
}

/// An empty cache for at most `bytes`. `typical` is the usual size of an entry; it decides the initial size of the
/// table.
pub fn bounded<K: Eq + Hash, V: Clone + Weight>(bytes: u64, typical: u64) -> Bounded<K, V> {
    let options = OptionsBuilder::new()
        .shards(SHARDS)
        .estimated_items_capacity(usize::try_from(bytes / typical).unwrap_or(usize::MAX))
        .weight_capacity(bytes)
        .build();
    match options {
        Ok(options) => Cache::with_options(
            options,
            ByBytes,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        // Cannot happen: all required options are set.
        Err(_) => Cache::with_weighter(0, bytes, ByBytes),
    }
}
