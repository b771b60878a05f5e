//! How caches of decisions are bounded.

use model::Caller;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// Bytes that an entry takes besides the texts of its caller.
const OVERHEAD: usize = 300;
/// Most bytes of a cache of decisions.
const MAX_BYTES: u64 = 64 << 20;

/// Weighs an entry by the bytes of its key's caller: a token of up to 16 KiB may name very many roles, and the entry keeps them
/// in memory. Entries of one token share that memory, but each is weighed as if alone, because nothing tells which will be
/// evicted last.
#[derive(Debug, Clone, Copy)]
pub struct ByCaller;

/// A cache of decisions by caller and something else, bounded in bytes.
pub type CallerCache<K, V> = Cache<(Caller, K), V, ByCaller>;

impl<K, V> Weighter<(Caller, K), V> for ByCaller {
    fn weight(&self, (caller, _): &(Caller, K), _: &V) -> u64 {
        let texts = match caller {
            Caller::Anonymous | Caller::System => 0,
            Caller::User(identity) | Caller::Role(identity, _) => identity.text_bytes(),
        };
        (OVERHEAD + texts) as u64
    }
}

/// An empty cache.
pub fn caller_cache<K: Eq + std::hash::Hash, V: Clone>() -> CallerCache<K, V> {
    let typical = OVERHEAD as u64 + 100;
    let items = usize::try_from(MAX_BYTES / typical).unwrap_or(usize::MAX);
    Cache::with_weighter(items, MAX_BYTES, ByCaller)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Identity, UserId};

    use super::*;

    #[test]
    fn callers_with_very_many_roles_do_not_fill_the_memory() {
        let cache = caller_cache();
        for n in 0..10_000 {
            let user = UserId::new("oidc", &format!("user-{n}")).unwrap();
            let identity = Identity {
                roles: Some(vec!["a role of some length".to_owned(); 300]),
                ..Identity::of(user)
            };
            cache.insert((Caller::User(Arc::new(identity)), n), ());
        }
        assert!(cache.weight() <= MAX_BYTES);
        assert!(cache.len() > 500, "{}", cache.len());
    }
}
