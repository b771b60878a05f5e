//! Secrets as sealed rows of the catalog's own database.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use model::{Clock, SecretId};
use store::SecretRows;

use crate::{Key, Plaintext, Result, SecretError, SecretStore, sealed};

/// Longest secret that is accepted, in bytes: a service account's key file is about 3 kB.
pub const MAX_PLAINTEXT_BYTES: usize = 64 * 1024;

/// Seals with ChaCha20-Poly1305 and keeps the ciphertext in rows.
pub struct EncryptedSecrets {
    rows: Arc<dyn SecretRows + Send + Sync>,
    key: Key,
    clock: Arc<dyn Clock>,
}

impl EncryptedSecrets {
    /// Keeps secrets in `rows`, sealed with `key`.
    pub fn new(rows: Arc<dyn SecretRows + Send + Sync>, key: Key, clock: Arc<dyn Clock>) -> Self {
        Self { rows, key, clock }
    }
}

impl fmt::Debug for EncryptedSecrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EncryptedSecrets(key {})", self.key.id())
    }
}

#[async_trait]
impl SecretStore for EncryptedSecrets {
    async fn create(&self, secret: Plaintext) -> Result<SecretId> {
        let length = secret.expose().len();
        if length > MAX_PLAINTEXT_BYTES {
            return Err(SecretError::TooLong {
                length,
                bound: MAX_PLAINTEXT_BYTES,
            });
        }
        let id = SecretId::generate();
        let sealed = sealed::seal(&self.key, id, &secret)?;
        self.rows
            .secret_create(id, sealed, self.clock.now())
            .await?;
        Ok(id)
    }

    async fn load(&self, id: SecretId) -> Result<Plaintext> {
        let sealed = self.rows.secret_load(id).await?;
        sealed::open(&self.key, id, &sealed)
    }

    async fn drop(&self, id: SecretId) -> Result<()> {
        Ok(self.rows.secret_drop(id).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use model::{SystemClock, Timestamp};
    use store::{Entity, SealedSecret, StoreError};

    use super::*;
    use crate::conformance;

    #[derive(Default)]
    struct Rows(Mutex<HashMap<SecretId, SealedSecret>>);

    #[async_trait]
    impl SecretRows for Rows {
        async fn secret_create(
            &self,
            id: SecretId,
            sealed: SealedSecret,
            _: Timestamp,
        ) -> store::Result<()> {
            self.0.lock().unwrap().insert(id, sealed);
            Ok(())
        }

        async fn secret_load(&self, id: SecretId) -> store::Result<SealedSecret> {
            let rows = self.0.lock().unwrap();
            let found = rows.get(&id).cloned();
            found.ok_or(StoreError::NotFound(Entity::Secret(id)))
        }

        async fn secret_drop(&self, id: SecretId) -> store::Result<()> {
            self.0.lock().unwrap().remove(&id);
            Ok(())
        }

        async fn secret_sweep(&self, _: Timestamp) -> store::Result<u64> {
            Ok(0)
        }
    }

    fn on(rows: &Arc<Rows>, passphrase: &str) -> EncryptedSecrets {
        let key = Key::from_passphrase(&Plaintext::new(passphrase)).unwrap();
        EncryptedSecrets::new(rows.clone(), key, Arc::new(SystemClock))
    }

    #[tokio::test]
    async fn conforms() {
        conformance::run(&on(&Arc::default(), "k")).await;
    }

    #[tokio::test]
    async fn rows_hold_no_plaintext() {
        let rows = Arc::default();
        let id = on(&rows, "k").create(Plaintext::new("hunter2")).await;
        let stored = rows.secret_load(id.unwrap()).await.unwrap().0;
        assert!(!stored.windows(7).any(|bytes| bytes == b"hunter2"));
    }

    #[tokio::test]
    async fn another_key_opens_nothing() {
        let rows = Arc::default();
        let id = on(&rows, "a").create(Plaintext::new("s")).await.unwrap();
        let refused = on(&rows, "b").load(id).await;
        assert!(matches!(refused, Err(SecretError::WrongKey { .. })));
        assert!(on(&rows, "a").load(id).await.is_ok());
    }

    #[tokio::test]
    async fn rows_that_were_swapped_do_not_open() {
        let rows: Arc<Rows> = Arc::default();
        let secrets = on(&rows, "k");
        let first = secrets.create(Plaintext::new("first")).await.unwrap();
        let second = secrets.create(Plaintext::new("second")).await.unwrap();
        let moved = rows.secret_load(second).await.unwrap();
        rows.0.lock().unwrap().insert(first, moved);
        let refused = secrets.load(first).await;
        assert!(matches!(refused, Err(SecretError::Damaged(id)) if id == first));
    }
}
