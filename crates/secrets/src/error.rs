//! Why a secret could not be kept or opened.

use std::path::PathBuf;

use model::SecretId;
use store::{Entity, StoreError};

use crate::KeyId;

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
    /// It was sealed with another key than the configured one.
    #[error(
        "secret `{secret}` was encrypted with key {sealed_with}, but the configured key is {configured}: \
         start with the encryption key that was in use when the secret was stored"
    )]
    WrongKey {
        /// Which secret.
        secret: SecretId,
        /// The key that it needs.
        sealed_with: KeyId,
        /// The key that is there.
        configured: KeyId,
    },
    /// The stored bytes are not what was written under this id.
    #[error("the stored bytes of secret `{0}` have been altered or belong to another secret")]
    Damaged(SecretId),
    /// Written by a newer version of this program.
    #[error(
        "secret `{secret}` is stored in format {format}, this version reads format {known} only"
    )]
    UnknownFormat {
        /// Which secret.
        secret: SecretId,
        /// The format that it is in.
        format: u8,
        /// The format that this version reads and writes.
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
