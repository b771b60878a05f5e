//! A catalog server with four parts of its own: an authorizer, a contract verifier, a publisher and a secret store.

mod event_file;
mod kept_columns;
mod secret_folder;
mod suspensions;

pub use event_file::EventFile;
pub use kept_columns::KeptColumns;
pub use secret_folder::SecretFolder;
pub use suspensions::Suspensions;

use std::path::PathBuf;
use std::sync::Arc;

use authz::BuiltIn;
use lakekeeper::config::Config;
use lakekeeper::{Lakekeeper, backend};
use model::UserId;

/// The configuration of this server's own parts, beside Lakekeeper's [`Config`].
#[derive(Debug, Clone)]
pub struct Own {
    /// The folder in which storage credentials are kept.
    pub secret_folder: PathBuf,
    /// The file to which events are appended.
    pub event_file: PathBuf,
    /// The users who may do nothing.
    pub suspended: Vec<UserId>,
}

/// Why the server cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An error of Lakekeeper itself.
    #[error(transparent)]
    Lakekeeper(#[from] lakekeeper::Error),
    /// The folder of secrets cannot be used.
    #[error("the folder of secrets `{}` cannot be used: {source}", path.display())]
    SecretFolder {
        /// The path of the folder.
        path: PathBuf,
        /// Why it cannot be used.
        source: std::io::Error,
    },
}

/// Builds a Lakekeeper server with the parts of this crate.
pub async fn build(config: Config, own: Own) -> Result<Lakekeeper, Error> {
    let database = config.database.as_ref();
    let database = database.ok_or(lakekeeper::Error::NotConfigured("a database"))?;
    // Opened here and not by the builder, because the built-in authorizer reads its grants from the store.
    let store = backend::open(database).await?;
    let builtin = Arc::new(BuiltIn::new(Arc::clone(&store) as _));
    let path = own.secret_folder;
    let secrets = SecretFolder::open(path.clone())
        .await
        .map_err(|source| Error::SecretFolder { path, source })?;
    let lakekeeper = Lakekeeper::builder(config)
        .store(store)
        .secrets(Arc::new(secrets))
        .authorizer(Arc::new(Suspensions::new(own.suspended, builtin)))
        .verifier(Arc::new(KeptColumns))
        .publisher(Arc::new(EventFile::new(own.event_file)))
        .build();
    Ok(lakekeeper.await?)
}
