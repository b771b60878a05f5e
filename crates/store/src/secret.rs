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

/// So many bytes at the start of a sealed secret say how it is sealed and with which key; to a store they are bytes.
pub const SEALED_HEAD_BYTES: u8 = 9;

/// How many secrets begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedHead {
    /// The first [`SEALED_HEAD_BYTES`]; fewer if a secret is shorter.
    pub head: Vec<u8>,
    /// How many secrets that warehouses use begin so.
    pub used: u64,
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

    /// Puts other bytes in the place of `was`; says whether `was` was still there. The secret in them is to be the same.
    async fn secret_replace(
        &self,
        id: SecretId,
        was: SealedSecret,
        now: SealedSecret,
    ) -> Result<bool>;

    /// At most so many secrets by ascending id, from the one behind `after` on.
    async fn secret_page(
        &self,
        after: Option<SecretId>,
        most: u32,
    ) -> Result<Vec<(SecretId, SealedSecret)>>;

    /// How the secrets begin that warehouses use, in no order.
    async fn secret_heads(&self) -> Result<Vec<SealedHead>>;

    /// At most so many secrets older than `before` that no warehouse refers to, in the order of their ids from behind `after`. A crash between the
    /// creation of a secret and of its warehouse leaves such orphans, and so does a secret that could not be dropped with
    /// its warehouse.
    async fn secret_orphans(
        &self,
        before: Timestamp,
        after: Option<SecretId>,
        most: u32,
    ) -> Result<Vec<SecretId>>;
}
