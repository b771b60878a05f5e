//! The errors of this crate, and what the callers of the store get to see of them.

use std::path::PathBuf;

use store::{Entity, StoreError};
use tokio_postgres::error::{Severity, SqlState};

/// Why a database could not be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL cannot be parsed. It is not shown, because it contains a password.
    #[error("the {which} URL of the database is not valid: {source}")]
    Url {
        /// `write` or `read`.
        which: &'static str,
        /// The error of the parser.
        source: tokio_postgres::Error,
    },
    /// An unknown `sslmode`.
    #[error(
        "the {which} URL of the database says sslmode=`{mode}`: use disable, prefer, require, \
         verify-ca or verify-full"
    )]
    TlsMode {
        /// `write` or `read`.
        which: &'static str,
        /// The `sslmode` found.
        mode: String,
    },
    /// The file of root certificates cannot be used.
    #[error("cannot use the root certificates in `{path}`: {why}")]
    RootCertificates {
        /// The file.
        path: PathBuf,
        /// Why it cannot be used.
        why: String,
    },
    /// TLS could not be set up.
    #[error("cannot set up TLS for the database: {0}")]
    Tls(#[source] rustls::Error),
    /// The server is too old.
    #[error("the database server is PostgreSQL {found}: at least {needed} is needed")]
    OldServer {
        /// The server's version.
        found: String,
        /// The oldest version that is supported.
        needed: u32,
    },
    /// The database's layout is missing or too old.
    #[error(
        "the database has layout {}, this program needs layout {needed}: run `lakekeeper migrate`",
        .found.map_or_else(|| "none".to_owned(), |found| found.to_string())
    )]
    NotMigrated {
        /// The number of the layout in the database, if it has one.
        found: Option<i32>,
        /// The number of the layout that this program needs.
        needed: i32,
    },
    /// A newer program has changed the database's layout.
    #[error(
        "the database has layout {found}, this program knows layouts up to {known}: run the newer \
         program that has migrated it"
    )]
    Newer {
        /// The number of the layout in the database.
        found: i32,
        /// The highest layout number that this program knows.
        known: i32,
    },
    /// The database is one of Lakekeeper 0.x.
    #[error(
        "the database is one of Lakekeeper 0.x (it has `_sqlx_migrations`), which cannot be taken over: name an empty database, \
         and bring tables over with `register`, whose files stay as they are"
    )]
    Lakekeeper0,
    /// The layout could not be brought up to date.
    #[error("the database could not be migrated: {0}")]
    Migration(#[source] Box<refinery::Error>),
    /// There is no connection to the database.
    #[error("cannot connect to the database as {address}: {}{}", error_message(.source), remedy(.source))]
    Connect {
        /// User, hosts and ports.
        address: String,
        /// The cause.
        source: tokio_postgres::Error,
    },
    /// The database did not answer, or refused the request.
    #[error("cannot use the database: {}", error_message(.0))]
    Database(#[source] tokio_postgres::Error),
    /// The database did not answer in time.
    #[error("the database did not answer within {seconds} seconds while {doing}")]
    Timeout {
        /// What the program was waiting for.
        doing: String,
        /// How many seconds it has waited.
        seconds: u64,
    },
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// The driver's text names only the kind of the error, so the text of its source is appended.
pub(crate) fn error_message(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The remedy for a host name that cannot be resolved, which is often the end of a password.
fn remedy(error: &tokio_postgres::Error) -> &'static str {
    // The standard library has no `ErrorKind` for it.
    if error_message(error).contains("failed to lookup address") {
        "; is the host right? In a URL, special characters of the password are percent-encoded: `@` as `%40`"
    } else {
        ""
    }
}

/// Why a piece of work on a connection ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A refusal that the store's contract names.
    Refused(StoreError),
    /// An error of PostgreSQL, or a broken connection.
    Sql(tokio_postgres::Error),
    /// There was no connection: nothing was sent.
    Unreachable(String),
    /// The server did not answer in time.
    NoAnswer(String),
    /// The connection broke or the server did not answer, and the change may have been made.
    Unknown(String),
    /// A concurrent transaction came first, and waiting for it would break the lock order: the work must be
    /// repeated.
    Overtaken(&'static str),
    /// The database contains something that this program cannot have written.
    Damaged(String),
}

pub(crate) type Work<T> = Result<T, Failure>;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl Failure {
    pub(crate) fn damaged(what: impl std::fmt::Display) -> Self {
        Self::Damaged(what.to_string())
    }

    /// The constraint that a statement has violated.
    pub(crate) fn constraint(&self) -> Option<&str> {
        match self {
            Self::Sql(error) => error.as_db_error()?.constraint(),
            _ => None,
        }
    }

    /// Whether PostgreSQL refused because another row refers to this one.
    pub(crate) fn is_still_referred_to(&self) -> bool {
        self.has_code(&[SqlState::FOREIGN_KEY_VIOLATION])
    }

    /// Whether the same work may succeed at once, because it collided with a concurrent transaction.
    pub(crate) fn is_collision(&self) -> bool {
        matches!(self, Self::Overtaken(_))
            || self.has_code(&[
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::T_R_SERIALIZATION_FAILURE,
            ])
    }

    /// Whether a concurrent transaction has inserted a row with the same key.
    pub(crate) fn is_unique_violation(&self) -> bool {
        self.has_code(&[SqlState::UNIQUE_VIOLATION])
    }

    fn has_code(&self, codes: &[SqlState]) -> bool {
        matches!(self, Self::Sql(error) if error.code().is_some_and(|code| codes.contains(code)))
    }

    /// Whether the connection cannot be used after this failure.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::Sql(error) => !is_plain_error(error),
            Self::Unreachable(_) | Self::NoAnswer(_) | Self::Unknown(_) => true,
            Self::Refused(_) | Self::Overtaken(_) | Self::Damaged(_) => false,
        }
    }

    /// The failure, given that a statement was only prepared: nothing can have changed.
    #[must_use]
    pub(crate) fn before_anything_was_sent(self) -> Self {
        match self {
            Self::Sql(error) if !is_plain_error(&error) => Self::Unreachable(error_message(&error)),
            Self::NoAnswer(why) => Self::Unreachable(why),
            other => other,
        }
    }

    /// The failure, given that a commit was sent: unless the server has refused it plainly, the outcome is
    /// unknown.
    #[must_use]
    pub(crate) fn after_commit_was_sent(self) -> Self {
        match self {
            Self::Sql(error) if !is_plain_error(&error) => Self::Unknown(error_message(&error)),
            Self::NoAnswer(why) => Self::Unknown(why),
            other => other,
        }
    }
}

/// Whether the server refused one statement and the connection is still good.
fn is_plain_error(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(db) => db.parsed_severity() == Some(Severity::Error),
        // Errors in encoding parameters or decoding rows do not affect the connection.
        None => {
            !error.is_closed()
                && std::error::Error::source(error).is_none_or(|e| !e.is::<std::io::Error>())
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Damaged(what) => Self::Internal(what.into()),
            Failure::Unreachable(why) | Failure::NoAnswer(why) => Self::Unavailable(why.into()),
            Failure::Overtaken(why) => Self::Unavailable(why.into()),
            Failure::Unknown(why) => Self::OutcomeUnknown(why.into()),
            Failure::Sql(error) if passes(&error) => {
                Self::Unavailable(error_message(&error).into())
            }
            Failure::Sql(error) if is_unstorable(&error) => {
                Self::Unstorable(error_message(&error).into())
            }
            Failure::Sql(error) => Self::Internal(error_message(&error).into()),
        }
    }
}

/// Whether the same work may succeed later, because the error is due to the state of the server.
fn passes(error: &tokio_postgres::Error) -> bool {
    /// SQLSTATE classes: connections, a read-only server (during a failover), transactions, resources, operator
    /// intervention, time limits, system errors.
    const LATER: [&str; 7] = ["08", "25", "40", "53", "55", "57", "58"];
    match error.code() {
        Some(code) => LATER.iter().any(|class| code.code().starts_with(class)),
        None => !is_plain_error(error),
    }
}

/// Whether a text contains a character that PostgreSQL does not accept, such as U+0000.
fn is_unstorable(error: &tokio_postgres::Error) -> bool {
    let codes = [
        SqlState::CHARACTER_NOT_IN_REPERTOIRE,
        SqlState::UNTRANSLATABLE_CHARACTER,
    ];
    error.code().is_some_and(|code| codes.contains(code))
}

pub(crate) const fn not_found(entity: Entity) -> Failure {
    Failure::Refused(StoreError::NotFound(entity))
}

pub(crate) const fn already_exists(entity: Entity) -> Failure {
    Failure::Refused(StoreError::AlreadyExists(entity))
}

pub(crate) const fn stale() -> Failure {
    Failure::Refused(StoreError::Stale {
        current: Vec::new(),
    })
}
