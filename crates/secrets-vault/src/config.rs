//! How Vault is reached, and how the catalog logs in.

use std::path::PathBuf;

use secrets::Plaintext;
use url::Url;

use crate::{Result, VaultError};

/// Largest file with a secret, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// How Vault is reached, and how the catalog logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultConfig {
    /// URL of Vault, possibly with a path before `/v1`.
    pub url: Url,
    /// Mount path of the KV secrets engine, version 2.
    pub mount: String,
    /// How the catalog logs in.
    pub login: Login,
    /// The namespace (Vault Enterprise or OpenBao), sent as `X-Vault-Namespace`.
    pub namespace: Option<String>,
    /// PEM file with the certificate authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// How the catalog logs in. `mount` is the path of the auth method below `auth/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// With an existing token.
    Token(Source),
    /// With user name and password.
    UserPass {
        /// Mount path of the auth method `userpass` or `ldap`.
        mount: String,
        /// The user name.
        user: String,
        /// The password of the user.
        password: Source,
    },
    /// With an `AppRole`.
    AppRole {
        /// Mount path of the auth method `approle`.
        mount: String,
        /// The role id.
        role_id: String,
        /// The secret id, unless the role needs none.
        secret_id: Option<Source>,
    },
    /// With the service account of the pod.
    Kubernetes {
        /// Mount path of the auth method `kubernetes`.
        mount: String,
        /// The role in Vault to log in as.
        role: String,
        /// File with the token of the service account.
        token_file: PathBuf,
    },
}

impl Login {
    /// The name of the method in messages.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::UserPass { .. } => "user and password",
            Self::AppRole { .. } => "AppRole",
            Self::Kubernetes { .. } => "Kubernetes",
        }
    }
}

/// A secret, or the file that contains it. The file is read again at each login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The secret itself.
    Text(Plaintext),
    /// The path of the file.
    File(PathBuf),
}

impl Source {
    pub(crate) async fn read(&self) -> Result<Plaintext> {
        let path = match self {
            Self::Text(text) => return Ok(text.clone()),
            Self::File(path) => path,
        };
        let unusable = |why: String| VaultError::File {
            path: path.clone(),
            problem: why,
        };
        let read = async {
            let length = tokio::fs::metadata(path).await?.len();
            if length > MAX_FILE_BYTES {
                let rule = format!("has {length} bytes, at most {MAX_FILE_BYTES} are read");
                return Err(std::io::Error::other(rule));
            }
            tokio::fs::read_to_string(path).await
        };
        let text = Plaintext::new(read.await.map_err(|error| unusable(error.to_string()))?);
        match text.expose().trim() {
            "" => Err(unusable("is empty".to_owned())),
            trimmed => Ok(Plaintext::new(trimmed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_each_time_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let source = Source::File(path.clone());
        assert!(
            source
                .read()
                .await
                .unwrap_err()
                .to_string()
                .contains("token")
        );
        for text in ["one", "two"] {
            std::fs::write(&path, format!(" {text}\n")).unwrap();
            assert_eq!(source.read().await.unwrap().expose(), text);
        }
        for (content, said) in [(String::new(), "is empty"), ("x".repeat(65_537), "65536")] {
            std::fs::write(&path, content).unwrap();
            let refused = source.read().await.unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
        }
    }
}
