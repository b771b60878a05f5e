//! Why a secret could not be kept or opened.

use std::path::PathBuf;

use model::SecretId;
use store::{Entity, StoreError};

use crate::{KeyId, KeyIds};

/// The result of a secret store's method.
pub type Result<T> = std::result::Result<T, SecretError>;

/// What can go wrong with a secret. Never carries the secret itself.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is not there (any more).
    #[error("secret `{0}` does not exist")]
    NotFound(SecretId),
    /// Longer than a secret may be.
    #[error("a secret of {length} bytes is longer than the {bound} bytes that a secret may have")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The longest that is accepted, in bytes.
        bound: usize,
    },
    /// It was sealed with another key than those that are configured.
    #[error(
        "secret `{secret}` was encrypted with key {sealed_with}, but configured are {configured}: \
         add the encryption key that was in use when the secret was stored"
    )]
    WrongKey {
        /// Which secret.
        secret: SecretId,
        /// The key that it needs.
        sealed_with: KeyId,
        /// The keys that are there.
        configured: KeyIds,
    },
    /// Warehouses use secrets whose key is not there.
    #[error(
        "warehouses use {secrets} secrets that were encrypted with key {needed}, but configured are {configured}: \
         set LAKEKEEPER__PG_ENCRYPTION_KEY to the key of this database, or add that key to LAKEKEEPER__PG_DECRYPTION_KEYS. \
         If it is lost for good, say so by LAKEKEEPER__PG_LOST_KEYS={needed} and give these warehouses new credentials"
    )]
    MissingKey {
        /// The key that is not there.
        needed: KeyId,
        /// How many secrets need it.
        secrets: u64,
        /// The keys that are there.
        configured: KeyIds,
    },
    /// The stored bytes are not what was written under this id.
    #[error("the stored bytes of secret `{0}` have been altered or belong to another secret")]
    Damaged(SecretId),
    /// It is not in the database.
    #[error(
        "secret `{0}` is kept outside of the database: start with the LAKEKEEPER__SECRET_BACKEND that was in use when it was stored, or give its \
         warehouse a new credential"
    )]
    KeptElsewhere(SecretId),
    /// Written by a newer version of this program.
    #[error(
        "secret `{secret}` is stored in format {format}, this version reads formats up to {known}"
    )]
    UnknownFormat {
        /// Which secret.
        secret: SecretId,
        /// The format that it is in.
        format: u8,
        /// The newest format that this version reads.
        known: u8,
    },
    /// The passphrase is empty.
    #[error("the encryption key is empty: set it to a long random text")]
    EmptyKey,
    /// The key file cannot be used.
    #[error("key file `{}`: {problem}", path.display())]
    KeyFile {
        /// Where it is, or should be.
        path: PathBuf,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// The system's source of random numbers failed.
    #[error("the system's random number generator failed")]
    NoRandomness,
    /// A store outside of the database refused, or did not answer.
    #[error(transparent)]
    Backend(Box<dyn std::error::Error + Send + Sync>),
    /// The rows behind it could not be read or written.
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
