//! The configuration of the connections to a database.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::error::OpenError;

/// How to reach the database, and how many connections to open.
#[derive(Clone)]
pub struct PostgresConfig {
    /// The primary: `postgres://user:password@host:port/database?sslmode=…`. With several hosts, separated by
    /// commas, the host that accepts writes is used. Connections keep prepared statements and settings, so a
    /// pooler in between must work in session mode.
    pub write_url: String,
    /// A replica for lists, which may be a little out of date; if absent, the primary is used.
    pub read_url: Option<String>,
    /// Most connections for changes and for reads that must be current.
    pub write_connections: usize,
    /// Most connections that read lists.
    pub read_connections: usize,
    /// How many connections resolve names; each carries many statements at once.
    pub resolve_connections: usize,
    /// Longest wait for a connection to open, all hosts together.
    pub connect_timeout: Duration,
    /// Longest time for one statement.
    pub statement_timeout: Duration,
    /// Longest wait of a statement for a lock.
    pub lock_timeout: Duration,
    /// How connections are protected; if absent, the URL's `sslmode`, or [`Tls::Prefer`].
    pub tls: Option<Tls>,
    /// A file of root certificates (PEM) to trust instead of those of the operating system.
    pub root_certificates: Option<PathBuf>,
}

/// How a connection is protected. The names are those of `sslmode` in PostgreSQL's own clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// No TLS.
    Disable,
    /// TLS if the server offers it; its certificate is not verified.
    Prefer,
    /// Always TLS; the server's certificate is not verified.
    Require,
    /// Always TLS; the certificate must be signed by a trusted root, for any name.
    VerifyCa,
    /// Always TLS; the certificate must be signed by a trusted root for the server's name.
    VerifyFull,
}

impl Tls {
    /// Parses a value of `sslmode`.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "disable" => Some(Self::Disable),
            "allow" | "prefer" => Some(Self::Prefer),
            "require" => Some(Self::Require),
            "verify-ca" => Some(Self::VerifyCa),
            "verify-full" => Some(Self::VerifyFull),
            _ => None,
        }
    }

    const fn ssl_mode(self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }
}

impl PostgresConfig {
    /// The default configuration for a database.
    pub fn new(write_url: impl Into<String>) -> Self {
        Self {
            write_url: write_url.into(),
            read_url: None,
            write_connections: 16,
            read_connections: 8,
            resolve_connections: 2,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            tls: None,
            root_certificates: None,
        }
    }

    /// The connection target for the primary.
    pub(crate) fn primary(&self) -> Result<Target, OpenError> {
        let mut target = self.target("write", &self.write_url)?;
        // Of several hosts, and after a failover, only the one that accepts writes is current.
        target
            .config
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(target)
    }

    /// The connection target for lists.
    pub(crate) fn replica(&self) -> Result<Target, OpenError> {
        self.target("read", self.read_url.as_ref().unwrap_or(&self.write_url))
    }

    fn target(&self, which: &'static str, url: &str) -> Result<Target, OpenError> {
        let (url, mode, roots) = split_tls(which, url)?;
        let mut config: Config = url
            .parse()
            .map_err(|source| OpenError::Url { which, source })?;
        let tls = self.tls.or(mode).unwrap_or(Tls::Prefer);
        // The hosts are tried one after the other: each gets a share of the timeout, or the last might never be
        // tried.
        let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX);
        config
            .ssl_mode(tls.ssl_mode())
            .connect_timeout(self.connect_timeout / hosts.max(1))
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(self.statement_timeout + self.connect_timeout);
        if config.get_application_name().is_none() {
            config.application_name("lakekeeper");
        }
        Ok(Target {
            config,
            tls,
            roots: self.root_certificates.clone().or(roots),
        })
    }

    /// The settings that every connection gets before its first statement. They make the planner choose index
    /// probes: no statement of this crate needs to read a whole table, whatever the statistics say.
    pub(crate) fn greeting(&self) -> String {
        format!(
            "set statement_timeout = {statement}; set lock_timeout = {lock}; \
             set idle_in_transaction_session_timeout = {statement}; \
             set default_transaction_isolation = 'read committed'; \
             set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; \
             set plan_cache_mode = force_generic_plan; set jit = off",
            statement = self.statement_timeout.as_millis(),
            lock = self.lock_timeout.as_millis(),
        )
    }
}

/// Leaves out the URLs, which contain passwords.
impl fmt::Debug for PostgresConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PostgresConfig")
            .field("write_connections", &self.write_connections)
            .field("read_connections", &self.read_connections)
            .field("resolve_connections", &self.resolve_connections)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// A database and how to connect to it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
    pub(crate) roots: Option<PathBuf>,
}

impl Target {
    /// User, hosts and ports, for messages. An `@` in a host or database name may belong to a password that is not
    /// percent-encoded, so nothing before it is shown.
    pub(crate) fn address(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate();
        let hosts = hosts.map(|(at, host)| match host {
            Host::Tcp(name) => {
                let port = ports.get(at).or_else(|| ports.first()).unwrap_or(&5432);
                format!("{name}:{port}")
            }
            Host::Unix(folder) => folder.display().to_string(),
        });
        let hosts = hosts.collect::<Vec<_>>().join(", ");
        let is_misread = self
            .config
            .get_dbname()
            .is_some_and(|name| name.contains('@'));
        let hosts = match hosts.rsplit_once('@') {
            _ if is_misread => "the configured hosts",
            Some((_, host)) => host,
            None => &hosts,
        };
        let user = self.config.get_user().unwrap_or_default();
        format!("user `{user}` at {hosts}")
    }
}

/// Takes `sslmode` and `sslrootcert` out of a URL: the driver does not support all of their values.
fn split_tls(
    which: &'static str,
    url: &str,
) -> Result<(String, Option<Tls>, Option<PathBuf>), OpenError> {
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), None, None));
    };
    let (mut rest, mut mode, mut roots) = (Vec::new(), None, None);
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", word)) => {
                let known = Tls::from_word(word);
                mode = Some(known.ok_or_else(|| OpenError::TlsMode {
                    which,
                    mode: word.chars().take(40).collect(),
                })?);
            }
            Some(("sslrootcert", path)) => roots = Some(PathBuf::from(path)),
            _ => rest.push(pair),
        }
    }
    let url = if rest.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", rest.join("&"))
    };
    Ok((url, mode, roots))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_says_how_to_protect_the_connection() {
        let config = PostgresConfig::new(
            "postgres://u:secret@host/db?sslmode=verify-full&application_name=x&sslrootcert=/ca.pem",
        );
        let target = config.primary().unwrap();
        assert_eq!(target.tls, Tls::VerifyFull);
        assert_eq!(target.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(target.config.get_application_name(), Some("x"));
        assert_eq!(target.roots, Some(PathBuf::from("/ca.pem")));
    }

    #[test]
    fn what_is_configured_beats_the_url() {
        let mut config = PostgresConfig::new("postgres://u@host/db?sslmode=require");
        config.tls = Some(Tls::Disable);
        assert_eq!(config.primary().unwrap().tls, Tls::Disable);
    }

    #[test]
    fn an_unknown_mode_is_refused_with_its_name() {
        let config = PostgresConfig::new("postgres://u:secret@host/db?sslmode=maybe");
        let error = config.primary().err().unwrap().to_string();
        assert!(
            error.contains("maybe") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn an_address_has_nothing_of_a_password_that_is_not_encoded() {
        for (url, address) in [
            ("u:secret@db/x", "user `u` at db:5432"),
            ("u:p%40ss@db:5433/x", "user `u` at db:5433"),
            ("u:secret@one:1,[::1]:2/x", "user `u` at one:1, ::1:2"),
            ("u:p@secret@db:1/x", "user `u` at db:1"),
            ("u:p@sec,ret@db:1/x", "user `u` at db:1"),
            ("u:p@sec/ret@db/x", "user `u` at the configured hosts"),
            ("u:p@/secret@db", "user `u` at the configured hosts"),
        ] {
            let config = PostgresConfig::new(format!("postgres://{url}"));
            assert_eq!(config.primary().unwrap().address(), address, "{url}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let mut config = PostgresConfig::new("postgres://u:secret@host/db");
        config.read_url = Some("postgres://u:secret@host/db".to_owned());
        assert!(!format!("{config:?}").contains("secret"));
        config.write_url = "postgres://u:secret@host/db?what=secret".to_owned();
        let error = config.primary().err().unwrap();
        assert!(
            !format!("{error} {error:?}").contains("secret"),
            "{error:?}"
        );
    }
}
