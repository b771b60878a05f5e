//! Errors of starting the server and of running a command.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::Mistakes;

/// Why the server could not start or a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] Mistakes),
    /// A required part is neither configured nor supplied to the builder.
    #[error("{0} is neither configured nor given to the builder")]
    NotConfigured(&'static str),
    /// An identity provider is unavailable, or something that this process needs in order to ask it.
    #[error("callers cannot be authenticated: {0}")]
    Authentication(#[from] authn::ProviderUnavailable),
    /// The command needs to be confirmed with `--yes`.
    #[error(
        "whoever calls POST /management/v1/bootstrap next becomes the administrator of this installation: confirm with `--yes`"
    )]
    Unconfirmed,
    /// The catalog refused an operation.
    #[error(transparent)]
    Catalog(#[from] catalog::CatalogError),
    /// Another process listens on this port.
    #[error(
        "port {} of {} is taken by another process: stop that one, or choose another port with \
         LAKEKEEPER__{setting}",
        address.port(), address.ip()
    )]
    PortTaken {
        /// The address to listen on.
        address: SocketAddr,
        /// The setting that chooses the port.
        setting: &'static str,
    },
    /// The operating system refuses to listen on this address.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address to listen on.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The SQLite file cannot be used.
    #[error(transparent)]
    Sqlite(#[from] store_sqlite::OpenError),
    /// The PostgreSQL server cannot be used.
    #[error(transparent)]
    Postgres(#[from] store_postgres::OpenError),
    /// The secret store or its encryption key cannot be used.
    #[error(transparent)]
    Secrets(#[from] secrets::SecretError),
    /// Some stored credentials could not be decrypted and are unchanged; all others were processed.
    #[error("these storage credentials could not be decrypted and were left as they are:\n  {0}")]
    Unreadable(String),
    /// Vault cannot be reached or refuses the login.
    #[error(transparent)]
    Vault(#[from] secrets_vault::VaultError),
    /// An operation of the database failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The admission gate cannot be set up: why.
    #[error("the admission gate: {0}")]
    Gate(String),
    /// A contract verifier cannot be set up: its name and why.
    #[error("contract verifier `{0}`: {1}")]
    Verifier(String, String),
    /// OpenFGA cannot be used.
    #[error(transparent)]
    OpenFga(#[from] authz_openfga::OpenFgaError),
    /// A folder cannot be used.
    #[error("cannot use the folder `{}`: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The data folder of `lakekeeper dev` was moved or copied: its tables' files are in another folder.
    #[error(
        "the warehouse `{warehouse}` has its files in `{}`, not in `{}`: the data folder was moved or copied, and tables hold the \
         paths of their files. Move the folder back to where it was, or start with another `--data-dir`; `lakekeeper serve` \
         would go on with the files in `{}`",
        former.display(), present.display(), former.display()
    )]
    Moved {
        /// The warehouse in the data folder.
        warehouse: String,
        /// The folder that the warehouse has its files in.
        former: PathBuf,
        /// The folder for files in the present data folder.
        present: PathBuf,
    },
    /// A publisher of events cannot be set up: why.
    #[error("events cannot be published: {0}")]
    Events(String),
    /// The metrics recorder cannot be installed: why.
    #[error("metrics cannot be collected: {0}")]
    Metrics(String),
    /// The server that was checked is unhealthy or cannot be reached.
    #[error("{0}")]
    Unwell(String),
    /// The operating system refused something indispensable.
    #[error("{what}: {source}")]
    System {
        /// What failed.
        what: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl Error {
    /// Whether trying again later cannot help.
    pub const fn is_final(&self) -> bool {
        use store_postgres::OpenError::{Newer, OldServer, RootCertificates, Tls, TlsMode, Url};
        use store_sqlite::OpenError as Sqlite;
        matches!(
            self,
            Self::Config(_)
                | Self::Sqlite(Sqlite::Newer { .. } | Sqlite::Foreign { .. })
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
