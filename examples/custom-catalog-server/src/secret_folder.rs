//! A secret store that keeps secrets in the files of a folder.

use std::io::ErrorKind;
use std::path::PathBuf;

use async_trait::async_trait;
use model::SecretId;
use secrets::{MAX_PLAINTEXT_BYTES, Plaintext, SecretError, SecretStore};
use store::StoreError;
use tokio::fs::{self, DirBuilder, File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// Keeps each secret in a file of its own, named by its id and readable only by the server's user. It does not encrypt: use it
/// for a folder on an encrypted file system.
#[derive(Debug, Clone)]
pub struct SecretFolder(PathBuf);

impl SecretFolder {
    /// Opens the folder; creates it if it does not exist.
    pub async fn open(folder: PathBuf) -> std::io::Result<Self> {
        let mut private = DirBuilder::new();
        private.recursive(true).mode(0o700).create(&folder).await?;
        Ok(Self(folder))
    }

    fn path(&self, id: SecretId) -> PathBuf {
        self.0.join(id.to_string())
    }

    async fn write(&self, id: SecretId, secret: &Plaintext) -> std::io::Result<()> {
        let mut private = OpenOptions::new();
        private.write(true).create_new(true).mode(0o600);
        let mut file = private.open(self.path(id)).await?;
        file.write_all(secret.expose().as_bytes()).await?;
        file.sync_all().await?;
        // Syncs the folder too, so that the file's name survives a crash.
        File::open(&self.0).await?.sync_all().await
    }
}

fn unavailable(error: std::io::Error) -> SecretError {
    SecretError::Store(StoreError::Unavailable(error.into()))
}

#[async_trait]
impl SecretStore for SecretFolder {
    async fn create(&self, secret: Plaintext) -> secrets::Result<SecretId> {
        let length = secret.expose().len();
        if length > MAX_PLAINTEXT_BYTES {
            let bound = MAX_PLAINTEXT_BYTES;
            return Err(SecretError::TooLong { length, bound });
        }
        let id = SecretId::generate();
        self.write(id, &secret).await.map_err(unavailable)?;
        Ok(id)
    }

    async fn load(&self, id: SecretId) -> secrets::Result<Plaintext> {
        match fs::read_to_string(self.path(id)).await {
            Ok(text) => Ok(Plaintext::new(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(SecretError::NotFound(id)),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn drop(&self, id: SecretId) -> secrets::Result<()> {
        match fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(unavailable(error)),
            _ => Ok(()),
        }
    }
}
