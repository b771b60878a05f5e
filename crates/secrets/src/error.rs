//! Errors of storing and loading secrets.

use std::path::PathBuf;

use model::SecretId;
use store::{Entity, StoreError};

use crate::{KeyId, KeyIds};

/// The result of a secret store's method.
pub type Result<T> = std::result::Result<T, SecretError>;

/// Why an operation on a secret failed. Never contains the secret itself.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The secret does not exist, or not any more.
    #[error("secret `{0}` does not exist")]
    NotFound(SecretId),
    /// The secret is too long.
    #[error("a secret of {length} bytes is longer than the {bound} bytes that a secret may have")]
    TooLong {
        /// The length of the secret, in bytes.
        length: usize,
        /// The longest accepted length, in bytes.
        bound: usize,
    },
    /// The secret was encrypted with a key that is not configured.
    #[error(
        "secret `{secret}` was encrypted with key {sealed_with}, but configured are {configured}: \
         add the encryption key that was in use when the secret was stored"
    )]
    WrongKey {
        /// The secret.
        secret: SecretId,
        /// The key that the secret was encrypted with.
        sealed_with: KeyId,
        /// The configured keys.
        configured: KeyIds,
    },
    /// Warehouses use secrets that were encrypted with a key that is not configured.
    #[error(
        "warehouses use {secrets} secrets that were encrypted with key {needed}, but configured are {configured}: \
         set LAKEKEEPER__PG_ENCRYPTION_KEY to the key of this database, or add that key to LAKEKEEPER__PG_DECRYPTION_KEYS. \
         If it is lost for good, say so by LAKEKEEPER__PG_LOST_KEYS={needed} and give these warehouses new credentials"
    )]
    MissingKey {
        /// The missing key.
        needed: KeyId,
        /// How many secrets were encrypted with the missing key.
        secrets: u64,
        /// The configured keys.
        configured: KeyIds,
    },
    /// The stored bytes were not written under this id, or were altered.
    #[error("the stored bytes of secret `{0}` have been altered or belong to another secret")]
    Damaged(SecretId),
    /// The database only has a note that the secret is stored elsewhere, such as in Vault.
    #[error(
        "secret `{0}` is kept outside of the database: start with the LAKEKEEPER__SECRET_BACKEND that was in use when it was stored, or give its \
         warehouse a new credential"
    )]
    KeptElsewhere(SecretId),
    /// The secret was written by a newer version of this program.
    #[error(
        "secret `{secret}` is stored in format {format}, this version reads formats up to {known}"
    )]
    UnknownFormat {
        /// The secret.
        secret: SecretId,
        /// The format that the secret is stored in.
        format: u8,
        /// The newest format that this version reads.
        known: u8,
    },
    /// The passphrase for the encryption key is empty.
    #[error("the encryption key is empty: set it to a long random text")]
    EmptyKey,
    /// The key file cannot be used.
    #[error("key file `{}`: {problem}", path.display())]
    KeyFile {
        /// The path of the key file.
        path: PathBuf,
        /// What is wrong with the file, and what to do.
        problem: String,
    },
    /// The random number generator of the system failed.
    #[error("the system's random number generator failed")]
    NoRandomness,
    /// A store outside of the database refused the operation or did not answer.
    #[error(transparent)]
    Backend(Box<dyn std::error::Error + Send + Sync>),
    /// An operation of the database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SecretError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(Entity::Secret(id)) => Self::NotFound(id),
            other => Self::Store(other),
        }
    }
}
