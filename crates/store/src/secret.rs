//! Encrypted secrets: a store never sees the plain text.

use std::fmt;

use async_trait::async_trait;
use model::{SecretId, Timestamp};

use crate::Result;

/// Ciphertext with everything needed to decrypt it except the key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret(pub Vec<u8>);

impl fmt::Debug for SealedSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SealedSecret({} bytes)", self.0.len())
    }
}

/// The length in bytes of the start of a sealed secret that says how and with which key it is sealed. It is opaque
/// to the store.
pub const SEALED_HEAD_BYTES: u8 = 9;

/// The start of sealed secrets, and how many secrets have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedHead {
    /// The first [`SEALED_HEAD_BYTES`]; fewer if the secret is shorter.
    pub head: Vec<u8>,
    /// How many secrets that warehouses use start with it.
    pub used: u64,
}

/// Rows of sealed secrets.
#[async_trait]
pub trait SecretRows {
    /// Stores a new secret. `AlreadyExists` if the id is taken.
    async fn secret_create(&self, id: SecretId, sealed: SealedSecret, at: Timestamp) -> Result<()>;

    /// Loads a secret. `NotFound` if there is none.
    async fn secret_load(&self, id: SecretId) -> Result<SealedSecret>;

    /// Removes the secret; does nothing if there is none.
    async fn secret_drop(&self, id: SecretId) -> Result<()>;

    /// Replaces the bytes `was` by `now`, which must seal the same secret; returns whether `was` was still stored.
    async fn secret_replace(
        &self,
        id: SecretId,
        was: SealedSecret,
        now: SealedSecret,
    ) -> Result<bool>;

    /// At most `most` secrets with ids greater than `after`, sorted by id.
    async fn secret_page(
        &self,
        after: Option<SecretId>,
        most: u32,
    ) -> Result<Vec<(SecretId, SealedSecret)>>;

    /// The heads of the secrets that warehouses use, in no order.
    async fn secret_heads(&self) -> Result<Vec<SealedHead>>;

    /// At most `most` secrets that are older than `before`, have ids greater than `after` and are used by no
    /// warehouse, sorted by id. A crash between the creation of a secret and of its warehouse leaves such an
    /// orphan, and so does a secret that could not be dropped with its warehouse.
    async fn secret_orphans(
        &self,
        before: Timestamp,
        after: Option<SecretId>,
        most: u32,
    ) -> Result<Vec<SecretId>>;
}
