//! A catalog server with parts of its own. Each module is one of them.

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

/// What the parts of this server must know; the rest is Lakekeeper's own [`Config`].
#[derive(Debug, Clone)]
pub struct Own {
    /// Where storage credentials are kept.
    pub secret_folder: PathBuf,
    /// Where events are appended.
    pub event_file: PathBuf,
    /// Who is refused everything.
    pub suspended: Vec<UserId>,
}

/// Why the server cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Lakekeeper says so.
    #[error(transparent)]
    Lakekeeper(#[from] lakekeeper::Error),
    /// The folder of secrets cannot be used.
    #[error("the folder of secrets `{}` cannot be used: {source}", path.display())]
    SecretFolder {
        /// Where it is to be.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// Puts it together.
pub async fn build(config: Config, own: Own) -> Result<Lakekeeper, Error> {
    let database = config.database.as_ref();
    let database = database.ok_or(lakekeeper::Error::NotConfigured("a database"))?;
    // The authorizer decides by what is granted, so it needs the store first.
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
