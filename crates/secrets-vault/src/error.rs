//! Errors of requests to Vault.

use std::path::PathBuf;

use secrets::SecretError;

/// The result of a request to Vault.
pub type Result<T> = std::result::Result<T, VaultError>;

/// Why a request to Vault failed. Never contains a secret. Can be cloned, because everybody who waits for the same
/// answer gets it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VaultError {
    /// No answer, or an answer that Vault cannot work at the moment.
    #[error("Vault is unavailable: {0}")]
    Unavailable(String),
    /// Vault is sealed.
    #[error("Vault is sealed: somebody has to unseal it")]
    Sealed,
    /// Vault refuses the login.
    #[error("Vault refused the login by {method} ({status}): {said}")]
    LoginRefused {
        /// The name of the login method.
        method: &'static str,
        /// The status of the answer.
        status: u16,
        /// Vault's explanation.
        said: String,
    },
    /// The configured token has expired or was revoked, and this login method cannot get another one.
    #[error(
        "the token for Vault is no longer accepted: give another one, or use a login that can get new ones \
         (LAKEKEEPER__KV2__ROLE_ID, LAKEKEEPER__KV2__KUBERNETES_ROLE, LAKEKEEPER__KV2__USER)"
    )]
    TokenEnded,
    /// The policy of the catalog's token does not allow the request.
    #[error(
        "Vault denied {method} `{path}`: the policy of the catalog must allow create, read and update on \
         `{mount}/data/secret/*`, and delete on `{mount}/metadata/secret/*`"
    )]
    Denied {
        /// The method of the request.
        method: String,
        /// The path of the request below `/v1`.
        path: String,
        /// The mount that the policy has to allow.
        mount: String,
    },
    /// The mount is not a KV secrets engine of version 2.
    #[error(
        "`{mount}` of Vault is not a KV secrets engine of version 2 ({found}): set LAKEKEEPER__KV2__SECRET_MOUNT to one"
    )]
    NotKv2 {
        /// The mount path.
        mount: String,
        /// What Vault says about the mount.
        found: String,
    },
    /// An answer that is not expected for the request.
    #[error("Vault answered {method} `{path}` with {status}: {said}")]
    Unexpected {
        /// The method of the request.
        method: String,
        /// The path of the request below `/v1`.
        path: String,
        /// The status of the answer.
        status: u16,
        /// Vault's explanation.
        said: String,
    },
    /// A file cannot be used.
    #[error("`{}`: {problem}", path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with the file.
        problem: String,
    },
    /// The client of Vault cannot be set up.
    #[error("no connections to Vault can be made: {0}")]
    Connections(String),
}

impl From<VaultError> for SecretError {
    fn from(error: VaultError) -> Self {
        Self::Backend(Box::new(error))
    }
}
