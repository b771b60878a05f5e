//! Where Vault is, and how the catalog shows who it is.

use std::path::PathBuf;

use secrets::Plaintext;
use url::Url;

use crate::{Result, VaultError};

/// Longest text that is read from a file, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// Where Vault is, and how the catalog shows who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultConfig {
    /// Its address, possibly with a path before `/v1`.
    pub url: Url,
    /// Where a KV secrets engine, version 2, is mounted.
    pub mount: String,
    /// How the catalog logs in.
    pub login: Login,
    /// The namespace of Vault Enterprise or OpenBao, sent as `X-Vault-Namespace`.
    pub namespace: Option<String>,
    /// Certificate authorities to believe instead of the system's, a PEM file.
    pub ca_file: Option<PathBuf>,
}

/// How the catalog logs in. `mount` is where the auth method is, below `auth/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// With a token that somebody has made.
    Token(Source),
    /// As a user with a password.
    UserPass {
        /// Where the method `userpass` or `ldap` is.
        mount: String,
        /// The user.
        user: String,
        /// Its password.
        password: Source,
    },
    /// With the ids of a role for machines.
    AppRole {
        /// Where the method `approle` is.
        mount: String,
        /// The role.
        role_id: String,
        /// Its secret, unless the role needs none.
        secret_id: Option<Source>,
    },
    /// As the service account of the pod.
    Kubernetes {
        /// Where the method `kubernetes` is.
        mount: String,
        /// The role of Vault to take.
        role: String,
        /// The token of the service account.
        token_file: PathBuf,
    },
}

impl Login {
    /// What it is called in messages.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::UserPass { .. } => "user and password",
            Self::AppRole { .. } => "AppRole",
            Self::Kubernetes { .. } => "Kubernetes",
        }
    }
}

/// A secret text, or the file that holds it, which is read again with each login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The text.
    Text(Plaintext),
    /// The file.
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
