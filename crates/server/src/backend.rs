//! Opens the configured database. This is the only module that names concrete stores.

use std::sync::Arc;

use store::{Reopened, Store};
use store_postgres::{PostgresStore, Tls};
use store_sqlite::SqliteStore;

use crate::Error;
use crate::config::{Database, PostgresConfig, SslMode};

/// What [`check`] requires of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It answers.
    Answers,
    /// It answers and has the schema version that this program works with.
    Migrated,
}

/// Opens the store. A SQLite database is migrated if needed; a PostgreSQL database must have been migrated before.
pub async fn open(database: &Database) -> Result<Arc<dyn Store>, Error> {
    Ok(match database {
        Database::Sqlite { path } => Arc::new(SqliteStore::open(path)?),
        Database::Postgres(config) => Arc::new(PostgresStore::connect(connection(config)).await?),
    })
}

/// Migrates the database to the schema of this program. On PostgreSQL any number of processes may do so at once.
pub async fn migrate(database: &Database) -> Result<(), Error> {
    match database {
        Database::Sqlite { path } => drop(SqliteStore::open(path)?),
        Database::Postgres(config) => store_postgres::migrate(&connection(config)).await?,
    }
    Ok(())
}

/// Lets the installation be bootstrapped once more. Servers may be running meanwhile.
pub async fn reopen_bootstrap(database: &Database) -> Result<Reopened, Error> {
    Ok(open(database).await?.server_reopen_bootstrap().await?)
}

/// Checks that the database is ready. An empty SQLite file answers, but is not migrated.
pub async fn check(database: &Database, readiness: Readiness) -> Result<(), Error> {
    use store_postgres::OpenError as Postgres;
    use store_sqlite::OpenError as Sqlite;
    let checked = match database {
        Database::Sqlite { path } => SqliteStore::check(path).map_err(Error::from),
        Database::Postgres(config) => {
            let opened = PostgresStore::connect(connection(config)).await;
            opened.map(drop).map_err(Error::from)
        }
    };
    match checked {
        Err(
            Error::Postgres(Postgres::NotMigrated { .. } | Postgres::Newer { .. })
            | Error::Sqlite(Sqlite::NotMigrated { .. } | Sqlite::Newer { .. }),
        ) if readiness == Readiness::Answers => Ok(()),
        other => other,
    }
}

fn connection(config: &PostgresConfig) -> store_postgres::PostgresConfig {
    store_postgres::PostgresConfig {
        read_url: config.read.as_ref().map(|url| url.0.clone()),
        write_connections: config.write_connections as usize,
        read_connections: config.read_connections as usize,
        resolve_connections: config.lookup_connections as usize,
        connect_timeout: config.acquire_timeout,
        statement_timeout: config.statement_timeout,
        lock_timeout: config.lock_timeout,
        tls: config.ssl_mode.map(tls),
        root_certificates: config.ssl_root_cert.clone(),
        ..store_postgres::PostgresConfig::new(config.write.0.clone())
    }
}

const fn tls(mode: SslMode) -> Tls {
    match mode {
        SslMode::Disable => Tls::Disable,
        SslMode::Allow | SslMode::Prefer => Tls::Prefer,
        SslMode::Require => Tls::Require,
        SslMode::VerifyCa => Tls::VerifyCa,
        SslMode::VerifyFull => Tls::VerifyFull,
    }
}
