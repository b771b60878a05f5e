//! Why Vault did not do what it was asked.

use std::path::PathBuf;

use secrets::SecretError;

/// The result of what Vault is asked.
pub type Result<T> = std::result::Result<T, VaultError>;

/// Why Vault did not do what it was asked. Never carries a secret, and is told to all who waited for the same answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VaultError {
    /// No answer, or one that says that Vault cannot work now.
    #[error("Vault is unavailable: {0}")]
    Unavailable(String),
    /// It waits for somebody to unseal it.
    #[error("Vault is sealed: somebody has to unseal it")]
    Sealed,
    /// It does not let the catalog in.
    #[error("Vault refused the login by {method} ({status}): {said}")]
    LoginRefused {
        /// Which login.
        method: &'static str,
        /// The status that it answered.
        status: u16,
        /// Its explanation.
        said: String,
    },
    /// The token that was configured is at its end, and there is no way to another one.
    #[error(
        "the token for Vault is no longer accepted: give another one, or use a login that can get new ones \
         (LAKEKEEPER__KV2__ROLE_ID, LAKEKEEPER__KV2__KUBERNETES_ROLE, LAKEKEEPER__KV2__USER)"
    )]
    TokenEnded,
    /// The catalog may not do this.
    #[error(
        "Vault denied {method} `{path}`: the policy of the catalog must allow create, read and update on \
         `{mount}/data/secret/*`, and delete on `{mount}/metadata/secret/*`"
    )]
    Denied {
        /// The method of the request.
        method: String,
        /// Its path below `/v1`.
        path: String,
        /// The mount that the policy is about.
        mount: String,
    },
    /// The mount is not what is needed.
    #[error(
        "`{mount}` of Vault is not a KV secrets engine of version 2 ({found}): set LAKEKEEPER__KV2__SECRET_MOUNT to one"
    )]
    NotKv2 {
        /// The mount.
        mount: String,
        /// What Vault says of it.
        found: String,
    },
    /// An answer that makes no sense.
    #[error("Vault answered {method} `{path}` with {status}: {said}")]
    Unexpected {
        /// The method of the request.
        method: String,
        /// Its path below `/v1`.
        path: String,
        /// The status that it answered.
        status: u16,
        /// Its explanation.
        said: String,
    },
    /// A file cannot be used.
    #[error("`{}`: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// No connections can be made from here.
    #[error("no connections to Vault can be made: {0}")]
    Connections(String),
}

impl From<VaultError> for SecretError {
    fn from(error: VaultError) -> Self {
        Self::Backend(Box::new(error))
    }
}
