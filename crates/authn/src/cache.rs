//! A cache of verified tokens, by the tokens' hashes.

use std::sync::Arc;
use std::time::Duration;

use model::{Identity, Timestamp};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use crate::BearerToken;

/// Bound of the cache's memory.
const MAX_BYTES: u64 = 16 << 20;
/// Bytes that an entry takes besides its texts.
const OVERHEAD: usize = 400;
/// A token is verified again after this time, so that a key which its provider has withdrawn ceases to count.
const LONGEST: Duration = Duration::from_mins(5);

/// The SHA-256 hash of a token.
pub(crate) type Hash = [u8; SHA256_OUTPUT_LEN];

/// The cache, bounded in bytes and in time. Only verified tokens get in, so requests without one cannot evict entries.
#[derive(Debug)]
pub(crate) struct VerifiedTokens(Cache<Hash, Verified, ByBytes>);

/// The identity that a token proves, and when the token has to be verified again.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) identity: Arc<Identity>,
    pub(crate) until: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct ByBytes;

impl Weighter<Hash, Verified> for ByBytes {
    fn weight(&self, _: &Hash, verified: &Verified) -> u64 {
        (OVERHEAD + verified.identity.text_bytes()) as u64
    }
}

impl VerifiedTokens {
    pub(crate) fn new() -> Self {
        let typical = OVERHEAD as u64 + 200;
        let items = usize::try_from(MAX_BYTES / typical).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(items, MAX_BYTES, ByBytes))
    }

    pub(crate) fn hash(token: &BearerToken) -> Hash {
        let mut hash = [0; SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest(&SHA256, token.expose().as_bytes()).as_ref());
        hash
    }

    pub(crate) fn find(&self, hash: &Hash, now: Timestamp) -> Option<Arc<Identity>> {
        let verified = self.0.get(hash)?;
        if verified.until > now {
            return Some(verified.identity);
        }
        self.0.remove(hash);
        None
    }

    pub(crate) fn keep(&self, hash: Hash, mut verified: Verified, now: Timestamp) {
        verified.until = verified.until.min(now.plus(LONGEST));
        self.0.insert(hash, verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(until_ms: i64) -> Verified {
        let identity = Arc::new(Identity::of("oidc~a".parse().unwrap()));
        let until = Timestamp::from_ms(until_ms);
        Verified { identity, until }
    }

    #[test]
    fn a_token_is_known_until_it_ends_and_five_minutes_at_most() {
        let tokens = VerifiedTokens::new();
        let at = Timestamp::from_ms;
        for (n, until, last) in [(1, 1_000, 999), (2, i64::MAX, 299_999)] {
            tokens.keep([n; 32], verified(until), at(0));
            assert!(tokens.find(&[n; 32], at(last)).is_some(), "{n}");
            assert!(tokens.find(&[n; 32], at(last + 1)).is_none(), "{n}");
            assert!(tokens.find(&[n; 32], at(0)).is_none(), "it is forgotten");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let tokens = VerifiedTokens::new();
        for n in 0..100_000_u32 {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&n.to_be_bytes());
            tokens.keep(hash, verified(i64::MAX), Timestamp::from_ms(0));
        }
        assert!(tokens.0.weight() <= MAX_BYTES);
        assert!(tokens.0.len() > 10_000);
    }
}
