//! What can go wrong in here, and what of it the callers are told.

use std::path::PathBuf;

use store::{Entity, StoreError};
use tokio_postgres::error::{Severity, SqlState};

/// Why a database was not opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL cannot be read. Not shown: a password stands in it.
    #[error("the {which} URL of the database is not valid: {source}")]
    Url {
        /// `write` or `read`.
        which: &'static str,
        /// Why not.
        source: tokio_postgres::Error,
    },
    /// An unknown word for the protection of connections.
    #[error(
        "the {which} URL of the database says sslmode=`{mode}`: use disable, prefer, require, \
         verify-ca or verify-full"
    )]
    TlsMode {
        /// `write` or `read`.
        which: &'static str,
        /// The word.
        mode: String,
    },
    /// The file of root certificates is of no use.
    #[error("cannot use the root certificates in `{path}`: {why}")]
    RootCertificates {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS for the database: {0}")]
    Tls(#[source] rustls::Error),
    /// The server is too old.
    #[error("the database server is PostgreSQL {found}: at least {needed} is needed")]
    OldServer {
        /// Its version.
        found: String,
        /// The oldest that will do.
        needed: u32,
    },
    /// The database has not been prepared for this program.
    #[error(
        "the database has layout {}, this program needs layout {needed}: run `lakekeeper migrate`",
        .found.map_or_else(|| "none".to_owned(), |found| found.to_string())
    )]
    NotMigrated {
        /// The layout's number in the database, if it has one.
        found: Option<i32>,
        /// The layout that this program works with.
        needed: i32,
    },
    /// A newer program has changed the database's layout.
    #[error(
        "the database has layout {found}, this program knows layouts up to {known}: run the newer \
         program that has migrated it"
    )]
    Newer {
        /// The layout's number in the database.
        found: i32,
        /// The highest number that this program knows.
        known: i32,
    },
    /// The database is that of another program.
    #[error(
        "the database is one of Lakekeeper 0.x (it has `_sqlx_migrations`), which cannot be taken over: name an empty database, \
         and bring tables over with `register`, whose files stay as they are"
    )]
    OfAnother,
    /// The layout could not be brought up to date.
    #[error("the database could not be migrated: {0}")]
    Migration(#[source] Box<refinery::Error>),
    /// The database did not answer or refused.
    #[error("cannot use the database: {}", told(.0))]
    Database(#[source] tokio_postgres::Error),
    /// Nothing happened for too long.
    #[error("the database did not answer within {seconds} seconds while {doing}")]
    Timeout {
        /// What was waited for.
        doing: &'static str,
        /// How long.
        seconds: u64,
    },
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// The driver's own text names only the kind of an error; what the server said comes behind.
pub(crate) fn told(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Why a piece of work on a connection ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For a reason that the store's contract names.
    Refused(StoreError),
    /// PostgreSQL refused, or the connection broke.
    Sql(tokio_postgres::Error),
    /// No connection: nothing was sent.
    Unreachable(String),
    /// No answer in time.
    NoAnswer(String),
    /// The same, when the change may have been made already.
    Unknown(String),
    /// Another transaction came first, which none that holds rows in order can wait for.
    Overtaken(&'static str),
    /// The database holds what this program cannot have written.
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

    /// The constraint that a statement ran into.
    pub(crate) fn constraint(&self) -> Option<&str> {
        match self {
            Self::Sql(error) => error.as_db_error()?.constraint(),
            _ => None,
        }
    }

    /// Whether PostgreSQL refused because a row is still referred to.
    pub(crate) fn is_still_referred_to(&self) -> bool {
        self.has_code(&[SqlState::FOREIGN_KEY_VIOLATION])
    }

    /// Whether the same work may well succeed at once: it met another transaction half-way.
    pub(crate) fn is_collision(&self) -> bool {
        matches!(self, Self::Overtaken(_))
            || self.has_code(&[
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::T_R_SERIALIZATION_FAILURE,
            ])
    }

    /// Whether a row came that was not there a moment ago.
    pub(crate) fn is_unique_violation(&self) -> bool {
        self.has_code(&[SqlState::UNIQUE_VIOLATION])
    }

    fn has_code(&self, codes: &[SqlState]) -> bool {
        matches!(self, Self::Sql(error) if error.code().is_some_and(|code| codes.contains(code)))
    }

    /// Whether the connection is gone with this.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::Sql(error) => !is_plain_error(error),
            Self::Unreachable(_) | Self::NoAnswer(_) | Self::Unknown(_) => true,
            Self::Refused(_) | Self::Overtaken(_) | Self::Damaged(_) => false,
        }
    }

    /// The same for a statement that was only prepared: whatever happened, nothing has changed.
    #[must_use]
    pub(crate) fn before_anything_was_sent(self) -> Self {
        match self {
            Self::Sql(error) if !is_plain_error(&error) => Self::Unreachable(told(&error)),
            Self::NoAnswer(why) => Self::Unreachable(why),
            other => other,
        }
    }

    /// The same for a statement that commits: without the server's plain refusal nobody knows whether it has.
    #[must_use]
    pub(crate) fn after_commit_was_sent(self) -> Self {
        match self {
            Self::Sql(error) if !is_plain_error(&error) => Self::Unknown(told(&error)),
            Self::NoAnswer(why) => Self::Unknown(why),
            other => other,
        }
    }
}

/// Whether the server refused one statement and is well otherwise.
fn is_plain_error(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(db) => db.parsed_severity() == Some(Severity::Error),
        // Errors in encoding parameters or decoding rows leave the connection as it is.
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
            Failure::Sql(error) if passes(&error) => Self::Unavailable(told(&error).into()),
            Failure::Sql(error) if is_unstorable(&error) => Self::Unstorable(told(&error).into()),
            Failure::Sql(error) => Self::Internal(told(&error).into()),
        }
    }
}

/// Whether the same work may succeed later: the server's state is to blame, not the statement.
fn passes(error: &tokio_postgres::Error) -> bool {
    /// Connections, a read-only server (a failover is under way), transactions, resources, intervention, limits
    /// of time, the system.
    const LATER: [&str; 7] = ["08", "25", "40", "53", "55", "57", "58"];
    match error.code() {
        Some(code) => LATER.iter().any(|class| code.code().starts_with(class)),
        None => !is_plain_error(error),
    }
}

/// Whether a text has a character that PostgreSQL does not take: U+0000 is no character to it.
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
