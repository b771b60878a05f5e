//! Which database, and how to reach it.

use std::path::PathBuf;
use std::time::Duration;

use secrets::Plaintext;
use url::Url;

use super::list;
use super::setting::Setting;
use super::value::{DatabaseUrl, SslMode};
use super::values::Values;

/// The database of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file, which one process at a time can use.
    Sqlite {
        /// The database file.
        path: PathBuf,
    },
    /// A PostgreSQL server, which any number of processes can use.
    Postgres(Box<PostgresConfig>),
}

/// How to reach PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresConfig {
    /// The primary.
    pub write: DatabaseUrl,
    /// A replica for lists and searches, if there is one.
    pub read: Option<DatabaseUrl>,
    /// Whether connections are encrypted; `None` leaves it to the URLs.
    pub ssl_mode: Option<SslMode>,
    /// PEM file with the certificate authorities to trust instead of the system's.
    pub ssl_root_cert: Option<PathBuf>,
    /// Most connections to the primary for changes.
    pub write_connections: u32,
    /// Most connections for lists and searches.
    pub read_connections: u32,
    /// Connections to the primary for looking up names.
    pub lookup_connections: u32,
    /// How long a request waits for a free connection.
    pub acquire_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long one statement may wait for a lock.
    pub lock_timeout: Duration,
}

const NONE_CHOSEN: &str = "is not set, and neither is a PostgreSQL server: set this to a file, or set \
     LAKEKEEPER__PG_DATABASE_URL_WRITE (or LAKEKEEPER__PG_HOST_W, …)";
const TWO_CHOSEN: &str =
    "names one database while LAKEKEEPER__PG_… names another: unset one of them";
/// Only `lakekeeper dev` sets a SQLite file by itself.
const POSTGRES_FOR_DEV: &str = "names a PostgreSQL server, and `lakekeeper dev` keeps everything in SQLite and local files: unset it, or run \
     `lakekeeper migrate` and `lakekeeper serve` instead";

/// The configured database; `None` if there is none, or if two are configured, which is recorded as a mistake.
pub(super) fn choose(values: &mut Values) -> Option<Database> {
    let path = values.get(&list::SQLITE_PATH);
    let postgres = postgres(values);
    match (path, postgres) {
        (Some(path), None) => Some(Database::Sqlite { path }),
        (None, Some(config)) => Some(Database::Postgres(Box::new(config))),
        (Some(_), Some(_)) => {
            refuse_two(values);
            None
        }
        (None, None) => None,
    }
}

fn refuse_two(values: &mut Values) {
    if values.is_chosen(&list::SQLITE_PATH) {
        values.refuse(&list::SQLITE_PATH, TWO_CHOSEN);
    } else if values.is_set(&list::PG_DATABASE_URL_WRITE) {
        values.refuse(&list::PG_DATABASE_URL_WRITE, POSTGRES_FOR_DEV);
    } else {
        values.refuse(&list::PG_HOST_W, POSTGRES_FOR_DEV);
    }
}

/// Records that no database is configured, unless a PostgreSQL setting is wrong, which is recorded already.
pub(super) fn require(values: &mut Values) {
    if !postgres_is_meant(values) && !values.is_set(&list::SQLITE_PATH) {
        values.refuse(&list::SQLITE_PATH, NONE_CHOSEN);
    }
}

fn postgres_is_meant(values: &Values) -> bool {
    values.is_set(&list::PG_DATABASE_URL_WRITE)
        || values.is_set(&list::PG_DATABASE_URL_READ)
        || values.is_set(&list::PG_HOST_W)
        || values.is_set(&list::PG_HOST_R)
}

fn postgres(values: &mut Values) -> Option<PostgresConfig> {
    let (write, read) = addresses(values);
    let config = PostgresConfig {
        write: write.unwrap_or(DatabaseUrl(String::new())),
        read,
        ssl_mode: values.get(&list::PG_SSL_MODE),
        ssl_root_cert: values.get(&list::PG_SSL_ROOT_CERT),
        write_connections: values.get(&list::PG_WRITE_POOL_CONNECTIONS).get(),
        read_connections: values.get(&list::PG_READ_POOL_CONNECTIONS).get(),
        lookup_connections: values.get(&list::PG_LOOKUP_CONNECTIONS).get(),
        acquire_timeout: values.get(&list::PG_ACQUIRE_TIMEOUT).0,
        statement_timeout: values.get(&list::PG_STATEMENT_TIMEOUT).0,
        lock_timeout: values.get(&list::PG_LOCK_TIMEOUT).0,
    };
    (!config.write.0.is_empty()).then_some(config)
}

/// The URLs of primary and replica, given as such or made from the separate settings.
fn addresses(values: &mut Values) -> (Option<DatabaseUrl>, Option<DatabaseUrl>) {
    let write = values.get(&list::PG_DATABASE_URL_WRITE);
    let read = values.get(&list::PG_DATABASE_URL_READ);
    let host_w = values.get(&list::PG_HOST_W);
    let host_r = values.get(&list::PG_HOST_R);
    let parts = Parts {
        port: values.get(&list::PG_PORT).0,
        user: values.get(&list::PG_USER),
        password: values.get(&list::PG_PASSWORD),
        database: values.get(&list::PG_DATABASE),
    };
    if write.is_some() {
        warn_of_parts(values);
    }
    let by_host_w = host_w.filter(|_| write.is_none());
    let by_host_r = host_r.filter(|_| read.is_none() && write.is_none());
    if by_host_w.is_some() || by_host_r.is_some() {
        parts.require(values);
    }
    let write = write.or_else(|| parts.at(values, &list::PG_HOST_W, by_host_w));
    let read = read.or_else(|| parts.at(values, &list::PG_HOST_R, by_host_r));
    if read.is_some() && write.is_none() && !values.is_set(&list::PG_DATABASE_URL_WRITE) {
        let rule = "is not set, but a replica is: changes need the primary";
        values.refuse(&list::PG_DATABASE_URL_WRITE, rule);
    }
    // Primary and replica at the same URL are one database, which needs no second pool.
    let read = read.filter(|read| Some(read) != write.as_ref());
    (write, read)
}

/// Warns about settings that have no effect because a URL is set.
fn warn_of_parts(values: &mut Values) {
    let parts = [
        (list::PG_HOST_W.name, values.is_set(&list::PG_HOST_W)),
        (list::PG_HOST_R.name, values.is_set(&list::PG_HOST_R)),
        (list::PG_PORT.name, values.is_set(&list::PG_PORT)),
        (list::PG_USER.name, values.is_set(&list::PG_USER)),
        (list::PG_PASSWORD.name, values.is_set(&list::PG_PASSWORD)),
        (list::PG_DATABASE.name, values.is_set(&list::PG_DATABASE)),
    ];
    for (name, _) in parts.into_iter().filter(|(_, is_set)| *is_set) {
        values.warn(format!(
            "LAKEKEEPER__{name} has no effect: LAKEKEEPER__PG_DATABASE_URL_WRITE is set and wins"
        ));
    }
}

/// Settings that primary and replica share.
struct Parts {
    port: u16,
    user: Option<String>,
    password: Option<Plaintext>,
    database: Option<String>,
}

impl Parts {
    fn require(&self, values: &mut Values) {
        let rule = "is not set: a PostgreSQL host without a URL needs it";
        if self.user.is_none() {
            values.refuse(&list::PG_USER, rule);
        }
        if self.database.is_none() {
            values.refuse(&list::PG_DATABASE, rule);
        }
    }

    fn at(
        &self,
        values: &mut Values,
        setting: &Setting<Option<String>>,
        host: Option<String>,
    ) -> Option<DatabaseUrl> {
        let host = host?;
        let url = self.url(&host);
        if url.is_none() {
            let rule = format!(
                "`{host}` is no host: must be a host name or an IP address, without a port"
            );
            values.refuse(setting, rule);
        }
        url
    }

    fn url(&self, host: &str) -> Option<DatabaseUrl> {
        let mut url = Url::parse("postgres://host").ok()?;
        let bracketed = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        url.set_host(Some(&bracketed)).ok()?;
        url.set_port(Some(self.port)).ok()?;
        url.set_username(self.user.as_deref().unwrap_or_default())
            .ok()?;
        url.set_password(self.password.as_ref().map(Plaintext::expose))
            .ok()?;
        url.set_path(&segment(self.database.as_deref().unwrap_or_default()));
        Some(DatabaseUrl(url.into()))
    }
}

/// A database name as one path segment of a URL. `/` and `%`, which `Url` would not escape, are escaped here.
fn segment(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Needs, Sources};

    #[test]
    fn what_a_url_leaves_without_effect_is_said() {
        let environment = [
            ("PG_DATABASE_URL_WRITE", "postgres://db/x"),
            ("PG_DATABASE_URL_READ", "postgres://replica/x"),
            ("PG_PASSWORD", "hunter2"),
            ("PG_PORT", "5433"),
        ];
        let environment =
            environment.map(|(name, value)| (format!("LAKEKEEPER__{name}"), value.to_owned()));
        let sources = Sources {
            environment: environment.into(),
            ..Sources::default()
        };
        let config = Config::load(&sources, Needs::Database).unwrap();
        let named =
            ["PG_PORT", "PG_PASSWORD"].map(|name| format!("LAKEKEEPER__{name} has no effect"));
        let told = config.warnings.iter();
        let told: Vec<_> = told.filter_map(|one| one.split(':').next()).collect();
        assert_eq!(told, named);
        assert!(!format!("{:?}", config.warnings).contains("hunter2"));
    }
}
