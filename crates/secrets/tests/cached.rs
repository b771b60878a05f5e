//! What the cache of secrets keeps, and for how long.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use model::{Clock, ManualClock, SecretId, Timestamp};
use secrets::{
    CacheSettings, CachedSecrets, Plaintext, SecretError, SecretStore, check_length, conformance,
};

/// A store that counts loads.
#[derive(Debug, Default)]
struct Counted {
    kept: Mutex<HashMap<SecretId, Plaintext>>,
    loads: AtomicUsize,
}

#[async_trait]
impl SecretStore for Counted {
    async fn create(&self, secret: Plaintext) -> secrets::Result<SecretId> {
        check_length(&secret)?;
        let id = SecretId::generate();
        self.kept.lock().unwrap().insert(id, secret);
        Ok(id)
    }

    async fn load(&self, id: SecretId) -> secrets::Result<Plaintext> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        let found = self.kept.lock().unwrap().get(&id).cloned();
        found.ok_or(SecretError::NotFound(id))
    }

    async fn drop(&self, id: SecretId) -> secrets::Result<()> {
        self.kept.lock().unwrap().remove(&id);
        Ok(())
    }
}

fn cached(capacity: usize) -> (Arc<Counted>, Arc<ManualClock>, CachedSecrets) {
    let behind: Arc<Counted> = Arc::default();
    let clock = Arc::new(ManualClock::at(Timestamp::from_ms(0)));
    let settings = CacheSettings {
        capacity,
        time_to_live: Duration::from_secs(10),
    };
    let secrets = CachedSecrets::new(
        Arc::clone(&behind) as _,
        settings,
        Arc::clone(&clock) as Arc<dyn Clock>,
    );
    (behind, clock, secrets)
}

fn loads(behind: &Counted) -> usize {
    behind.loads.load(Ordering::Relaxed)
}

#[tokio::test]
async fn conforms() {
    conformance::run(&cached(500).2).await;
}

#[tokio::test]
async fn a_secret_is_loaded_once_in_its_time() {
    let (behind, clock, secrets) = cached(500);
    let id = behind.create(Plaintext::new("s")).await.unwrap();
    for (after, expected) in [(0, 1), (9_999, 1), (1, 2), (9_999, 2), (1, 3)] {
        clock.set(clock.now().plus(Duration::from_millis(after)));
        assert_eq!(secrets.load(id).await.unwrap().expose(), "s");
        assert_eq!(loads(&behind), expected);
    }
}

#[tokio::test]
async fn what_was_just_created_needs_no_load_and_what_was_dropped_is_not_served() {
    let (behind, _, secrets) = cached(500);
    let id = secrets.create(Plaintext::new("s")).await.unwrap();
    secrets.load(id).await.unwrap();
    assert_eq!(loads(&behind), 0);
    secrets.drop(id).await.unwrap();
    let refused = secrets.load(id).await;
    assert!(matches!(refused, Err(SecretError::NotFound(_))));
}

#[tokio::test]
async fn no_more_than_the_capacity_is_kept() {
    let (behind, _, secrets) = cached(10);
    let mut made = Vec::new();
    for _ in 0..200 {
        made.push(secrets.create(Plaintext::new("s")).await.unwrap());
    }
    for id in made {
        secrets.load(id).await.unwrap();
    }
    assert!(loads(&behind) >= 190, "{}", loads(&behind));
}
