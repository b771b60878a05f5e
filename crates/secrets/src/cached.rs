//! A cache of recently loaded secrets.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::{counter, gauge};
use model::{Clock, SecretId, Timestamp};
use quick_cache::sync::Cache;

use crate::{Plaintext, Result, SecretStore};

/// Limits of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Most secrets in the cache.
    pub capacity: usize,
    /// How long a secret may stay in the cache.
    pub time_to_live: Duration,
}

/// Caches the secrets of another store. Secrets never change, so a cached one is correct for as long as anything
/// refers to its id.
pub struct CachedSecrets {
    behind: Arc<dyn SecretStore>,
    kept: Cache<SecretId, Kept>,
    time_to_live: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Kept {
    secret: Plaintext,
    until: Timestamp,
}

impl CachedSecrets {
    /// A cache in front of the store `behind`.
    pub fn new(
        behind: Arc<dyn SecretStore>,
        settings: CacheSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            behind,
            kept: Cache::new(settings.capacity),
            time_to_live: settings.time_to_live,
            clock,
        }
    }

    fn keep(&self, id: SecretId, secret: Plaintext) {
        let now = self.clock.now();
        // Remove expired secrets here, so that they do not stay in memory.
        self.kept.retain(|_, kept| kept.until > now);
        let until = now.plus(self.time_to_live);
        self.kept.insert(id, Kept { secret, until });
        self.tell_size();
    }

    #[expect(clippy::cast_precision_loss, reason = "there are not that many")]
    fn tell_size(&self) {
        gauge!("lakekeeper_cache_size", "cache_type" => "secrets").set(self.kept.len() as f64);
    }
}

impl fmt::Debug for CachedSecrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CachedSecrets({:?})", self.behind)
    }
}

#[async_trait]
impl SecretStore for CachedSecrets {
    async fn create(&self, secret: Plaintext) -> Result<SecretId> {
        let id = self.behind.create(secret.clone()).await?;
        self.keep(id, secret);
        Ok(id)
    }

    async fn load(&self, id: SecretId) -> Result<Plaintext> {
        let kept = self.kept.get(&id);
        if let Some(kept) = kept.filter(|kept| kept.until > self.clock.now()) {
            counter!("lakekeeper_cache_hits_total", "cache_type" => "secrets").increment(1);
            return Ok(kept.secret);
        }
        counter!("lakekeeper_cache_misses_total", "cache_type" => "secrets").increment(1);
        let secret = self.behind.load(id).await?;
        self.keep(id, secret.clone());
        Ok(secret)
    }

    async fn drop(&self, id: SecretId) -> Result<()> {
        let dropped = SecretStore::drop(self.behind.as_ref(), id).await;
        // After the drop, not before it: otherwise a concurrent load could put the secret back into the cache.
        self.kept.remove(&id);
        self.tell_size();
        dropped
    }

    async fn check(&self) -> Result<()> {
        self.behind.check().await
    }
}
