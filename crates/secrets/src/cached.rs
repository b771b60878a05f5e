//! Secrets that were loaded lately, in memory.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::{counter, gauge};
use model::{Clock, SecretId, Timestamp};
use quick_cache::sync::Cache;

use crate::{Plaintext, Result, SecretStore};

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Most secrets.
    pub capacity: usize,
    /// How long each, at most.
    pub time_to_live: Duration,
}

/// Keeps what another store has said. Secrets never change, so what is kept is right as long as anybody may refer to it.
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
    /// Keeps some of what `behind` says.
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
        // What is over is not only not served: it leaves the memory.
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
        // Not before, or somebody could load it meanwhile and keep it.
        self.kept.remove(&id);
        self.tell_size();
        dropped
    }

    async fn check(&self) -> Result<()> {
        self.behind.check().await
    }
}
