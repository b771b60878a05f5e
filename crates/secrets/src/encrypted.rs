//! Secrets as encrypted rows of the catalog's own database.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use model::{Clock, SecretId};
use store::SecretRows;

use crate::{KeyId, Keys, Plaintext, Result, SecretError, SecretStore, sealed};

/// Longest accepted secret, in bytes. For comparison: the key file of a Google service account has about 3 kB.
pub const MAX_PLAINTEXT_BYTES: usize = 64 * 1024;

/// Refuses secrets longer than [`MAX_PLAINTEXT_BYTES`].
pub fn check_length(secret: &Plaintext) -> Result<()> {
    let length = secret.expose().len();
    if length > MAX_PLAINTEXT_BYTES {
        return Err(SecretError::TooLong {
            length,
            bound: MAX_PLAINTEXT_BYTES,
        });
    }
    Ok(())
}

/// Encrypts secrets with ChaCha20-Poly1305 and stores them in rows of the database.
pub struct EncryptedSecrets {
    pub(crate) rows: Arc<dyn SecretRows + Send + Sync>,
    pub(crate) keys: Keys,
    clock: Arc<dyn Clock>,
}

impl EncryptedSecrets {
    /// Stores secrets in `rows`, encrypted with the sealing key of `keys`.
    pub fn new(
        rows: Arc<dyn SecretRows + Send + Sync>,
        keys: impl Into<Keys>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let keys = keys.into();
        Self { rows, keys, clock }
    }

    /// Checks that the keys decrypt all secrets that warehouses use, except those encrypted with one of the keys
    /// `lost`.
    pub async fn check_keys(&self, lost: &[KeyId]) -> Result<()> {
        self.keys.check(self.rows.as_ref(), lost).await
    }
}

impl fmt::Debug for EncryptedSecrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EncryptedSecrets(keys {})", self.keys.ids())
    }
}

#[async_trait]
impl SecretStore for EncryptedSecrets {
    async fn create(&self, secret: Plaintext) -> Result<SecretId> {
        check_length(&secret)?;
        let id = SecretId::generate();
        let sealed = sealed::seal(self.keys.sealing(), id, &secret)?;
        self.rows
            .secret_create(id, sealed, self.clock.now())
            .await?;
        Ok(id)
    }

    async fn load(&self, id: SecretId) -> Result<Plaintext> {
        let sealed = self.rows.secret_load(id).await?;
        sealed::open(&self.keys, id, &sealed)
    }

    async fn drop(&self, id: SecretId) -> Result<()> {
        Ok(self.rows.secret_drop(id).await?)
    }
}
