//! Why the server could not start, or a command could not do its work.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::Mistakes;

/// What ends a command early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] Mistakes),
    /// An embedder has neither configured nor brought something.
    #[error("{0} is neither configured nor given to the builder")]
    NotConfigured(&'static str),
    /// Nobody can be let in: an identity provider, or what this process needs to ask it.
    #[error("callers cannot be authenticated: {0}")]
    Authentication(#[from] authn::ProviderUnavailable),
    /// Nobody has said that this is meant.
    #[error(
        "whoever calls POST /management/v1/bootstrap next becomes the administrator of this installation: confirm with `--yes`"
    )]
    Unconfirmed,
    /// A use case refused.
    #[error(transparent)]
    Catalog(#[from] catalog::CatalogError),
    /// Somebody else listens there.
    #[error(
        "port {} of {} is taken by another process: stop that one, or choose another port with \
         LAKEKEEPER__{setting}",
        address.port(), address.ip()
    )]
    PortTaken {
        /// Where to listen.
        address: SocketAddr,
        /// The setting that chooses the port.
        setting: &'static str,
    },
    /// The system does not let us listen there.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where to listen.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The SQLite file cannot be used.
    #[error(transparent)]
    Sqlite(#[from] store_sqlite::OpenError),
    /// The PostgreSQL server cannot be used.
    #[error(transparent)]
    Postgres(#[from] store_postgres::OpenError),
    /// The key of the secrets cannot be used.
    #[error(transparent)]
    Secrets(#[from] secrets::SecretError),
    /// Stored secrets cannot be opened; the rest of the work is done.
    #[error("these storage credentials could not be opened and are as they were:\n  {0}")]
    Unreadable(String),
    /// Vault does not let us in, or is not there.
    #[error(transparent)]
    Vault(#[from] secrets_vault::VaultError),
    /// The database does not answer as it should.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The admission gate cannot be asked.
    #[error("the admission gate: {0}")]
    Gate(String),
    /// A verifier of contracts cannot be asked: its name and why.
    #[error("contract verifier `{0}`: {1}")]
    Verifier(String, String),
    /// OpenFGA cannot be used.
    #[error(transparent)]
    OpenFga(#[from] authz_openfga::OpenFgaError),
    /// A folder cannot be used.
    #[error("cannot use the folder `{}`: {source}", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Events cannot be brought anywhere.
    #[error("events cannot be published: {0}")]
    Events(String),
    /// Measurements cannot be collected.
    #[error("metrics cannot be collected: {0}")]
    Metrics(String),
    /// The server that was asked is not well, or not there.
    #[error("{0}")]
    Unwell(String),
    /// The operating system refused something that cannot be done without.
    #[error("{what}: {source}")]
    System {
        /// What could not be done.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// Whether trying again later cannot help.
    pub const fn is_final(&self) -> bool {
        use store_postgres::OpenError::{Newer, OldServer, RootCertificates, Tls, TlsMode, Url};
        matches!(
            self,
            Self::Config(_)
                | Self::Postgres(
                    Newer { .. }
                        | OldServer { .. }
                        | RootCertificates { .. }
                        | Tls(_)
                        | TlsMode { .. }
                        | Url { .. }
                )
        )
    }
}
