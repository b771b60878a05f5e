//! Storage credentials: encrypted in the catalog's database, or in another store that an embedding program supplies.
//!
//! [`SecretStore`] is the extension point. [`EncryptedSecrets`] stores encrypted secrets in the rows of a
//! [`store::SecretRows`], so that a copy of the database alone reveals none of them.

mod cached;
#[cfg(feature = "conformance")]
pub mod conformance;
mod encrypted;
mod error;
mod key;
mod key_file;
mod keys;
mod ledger;
mod plaintext;
mod rotation;
mod sealed;
mod sweep;

pub use cached::{CacheSettings, CachedSecrets};
pub use encrypted::{EncryptedSecrets, MAX_PLAINTEXT_BYTES, check_length};
pub use error::{Result, SecretError};
pub use key::{Key, KeyId};
pub use keys::{KeyIds, Keys};
pub use ledger::Ledger;
pub use plaintext::Plaintext;
pub use rotation::Rotation;
pub use sweep::Sweeper;

use std::fmt::Debug;

use async_trait::async_trait;
use model::SecretId;

/// Stores secrets. A secret is written once and never changed: a new value is a new secret with a new id.
///
/// A secret is a text. If it is a JSON object, its members may come back in another order.
#[async_trait]
pub trait SecretStore: Debug + Send + Sync {
    /// Stores a secret and returns its new id.
    async fn create(&self, secret: Plaintext) -> Result<SecretId>;

    /// Loads a secret. Fails with [`SecretError::NotFound`] if it does not exist.
    async fn load(&self, id: SecretId) -> Result<Plaintext>;

    /// Removes a secret. Succeeds if it does not exist.
    async fn drop(&self, id: SecretId) -> Result<()>;

    /// Fails if secrets cannot be loaded at the moment; for `/health`. Stores in the catalog's own database need not
    /// implement it, as the database is checked anyway.
    async fn check(&self) -> Result<()> {
        Ok(())
    }
}
