//! The database of a run, and the settings with which the program uses it.

use std::path::{Path, PathBuf};

use store_postgres::TemporaryDatabase;

use crate::postgres::Server;
use crate::{Error, Plan, StoreKind};

/// The encryption key. Any text will do: nothing of a run is secret.
const KEY: &str = "histories";

/// The database of a run.
#[derive(Debug)]
pub(crate) enum Backend {
    Sqlite(PathBuf),
    Postgres(Box<Postgres>),
}

/// A database, and the server that was started for it, if one was. The database is dropped first.
#[derive(Debug)]
pub(crate) struct Postgres {
    pub(crate) database: TemporaryDatabase,
    server: Option<Server>,
}

impl Backend {
    /// Prepares an empty database; that of SQLite is a file in `folder`.
    pub(crate) async fn prepare(plan: &Plan, folder: &Path) -> Result<Self, Error> {
        match plan.store {
            StoreKind::Sqlite if plan.failover => Err(Error::Plan(
                "SQLite has no standby: a failover is one of PostgreSQL",
            )),
            StoreKind::Sqlite if plan.replicas > 1 => Err(Error::Plan(
                "SQLite takes one replica: it belongs to one process",
            )),
            StoreKind::Sqlite => Ok(Self::Sqlite(folder.join("catalog.db"))),
            StoreKind::Postgres => {
                let server = match &plan.pg_url {
                    _ if plan.failover => Some(Server::start_pair()?),
                    Some(_) => None,
                    None => Some(Server::start()?),
                };
                let given = plan.pg_url.as_deref().unwrap_or_default();
                let url = server.as_ref().map_or(given, |server| &server.url);
                let database = TemporaryDatabase::create(url).await;
                let database = database.map_err(|error| Error::Store(error.to_string()))?;
                Ok(Self::Postgres(Box::new(Postgres { database, server })))
            }
        }
    }

    /// Kills PostgreSQL's primary; returns when its standby has taken over.
    pub(crate) fn fail_over(&mut self) -> Result<(), Error> {
        match self {
            Self::Postgres(postgres) => match &mut postgres.server {
                Some(server) => server.fail_over(),
                None => Ok(()),
            },
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// The environment variables that every command of the program needs.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sqlite(path) => vec![("LAKEKEEPER__SQLITE_PATH", path.display().to_string())],
            Self::Postgres(postgres) => vec![
                (
                    "LAKEKEEPER__PG_DATABASE_URL_WRITE",
                    postgres.database.url().to_owned(),
                ),
                (
                    "LAKEKEEPER__PG_DATABASE_URL_READ",
                    postgres.database.url().to_owned(),
                ),
                ("LAKEKEEPER__PG_ENCRYPTION_KEY", KEY.to_owned()),
            ],
        }
    }
}
