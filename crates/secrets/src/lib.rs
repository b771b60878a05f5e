//! Where storage credentials are kept: encrypted in the catalog's database, unless another store is brought.
//!
//! [`SecretStore`] is the extension point; [`EncryptedSecrets`] keeps sealed values in the rows of a
//! [`store::SecretRows`], so that a copy of the database alone opens nothing.

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

/// Keeps secrets. They are written once, never changed: a new value is a new secret with a new id.
///
/// A secret is a text. One that is a JSON object may come back with its members in another order.
#[async_trait]
pub trait SecretStore: Debug + Send + Sync {
    /// Keeps a secret under a new id.
    async fn create(&self, secret: Plaintext) -> Result<SecretId>;

    /// The secret. [`SecretError::NotFound`] if there is none.
    async fn load(&self, id: SecretId) -> Result<Plaintext>;

    /// Forgets the secret; well if there is none.
    async fn drop(&self, id: SecretId) -> Result<()>;

    /// Well if secrets can be had now; for `/health`. A store that is in the catalog's own database need not say.
    async fn check(&self) -> Result<()> {
        Ok(())
    }
}
