//! Secrets, already encrypted: a store never sees a plain one.

use std::fmt;

use async_trait::async_trait;
use model::{SecretId, Timestamp};

use crate::Result;

/// Ciphertext with all that is needed to open it but the key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(pub Vec<u8>);

impl fmt::Debug for SealedSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SealedSecret({} bytes)", self.0.len())
    }
}

/// Rows of sealed secrets.
#[async_trait]
pub trait SecretRows {
    /// Keeps a new secret. `AlreadyExists` if the id is taken.
    async fn secret_create(&self, id: SecretId, sealed: SealedSecret, at: Timestamp) -> Result<()>;

    /// The secret. `NotFound` if there is none.
    async fn secret_load(&self, id: SecretId) -> Result<SealedSecret>;

    /// Forgets the secret; well if there is none.
    async fn secret_drop(&self, id: SecretId) -> Result<()>;

    /// Removes secrets older than `before` that no warehouse refers to; says how many. A crash between the creation of
    /// a secret and of its warehouse leaves such orphans.
    async fn secret_sweep(&self, before: Timestamp) -> Result<u64>;
}
