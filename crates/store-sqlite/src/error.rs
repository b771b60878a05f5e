//! The errors of this crate, and what the callers of the store get to see of them.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use store::{Entity, StoreError};

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the file open.
    #[error(
        "the database `{path}` is in use by another process: stop that one, or give this one a \
         folder of its own"
    )]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A newer program has changed the database's layout.
    #[error(
        "the database `{path}` has layout {found}, this program knows layouts up to {known}: run \
         the newer program that has written it"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The number of the layout in the file.
        found: i64,
        /// The highest layout number that this program knows.
        known: i64,
    },
    /// The database lacks migrations.
    #[error(
        "the database `{path}` has layout {found}, this program needs layout {known}: run `lakekeeper migrate`"
    )]
    NotMigrated {
        /// The database.
        path: PathBuf,
        /// The layout's number in the file, 0 if it is empty.
        found: i64,
        /// The layout that this program works with.
        known: i64,
    },
    /// The database file does not exist yet.
    #[error(
        "the database `{path}` is not there yet: `lakekeeper migrate` makes it, and so does a server that starts"
    )]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// Another program's tables are in it.
    #[error(
        "the SQLite database `{path}` belongs to another program: name a file that is not there \
         yet, or one that this program has made"
    )]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// The layout could not be brought up to date.
    #[error("the database `{path}` could not be migrated: {source}")]
    Migration {
        /// The database.
        path: PathBuf,
        /// The error of the migration.
        source: Box<refinery::Error>,
    },
    /// A file or folder could not be used.
    #[error("cannot use the file `{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// A thread for a connection could not be started.
    #[error("cannot start a thread for the database: {source}")]
    Thread {
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// SQLite could not open or use the database.
    #[error("cannot open the database `{path}`: {source}")]
    Database {
        /// The database.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
}

/// Why a piece of work on a connection has failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A refusal that the store's contract names.
    Refused(StoreError),
    /// An error of SQLite.
    Sql(rusqlite::Error),
    /// The database contains something that this program cannot have written.
    Damaged(String),
}

pub(crate) type Work<T> = Result<T, Failure>;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Failure {
    pub(crate) fn damaged(what: impl std::fmt::Display) -> Self {
        Self::Damaged(what.to_string())
    }

    /// Whether SQLite refused because another row refers to this one.
    pub(crate) fn is_still_referred_to(&self) -> bool {
        // A violation of RESTRICT is reported as one of a trigger.
        const KINDS: [i32; 2] = [
            rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
            rusqlite::ffi::SQLITE_CONSTRAINT_TRIGGER,
        ];
        matches!(self, Self::Sql(rusqlite::Error::SqliteFailure(error, _))
            if KINDS.contains(&error.extended_code))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Damaged(what) => Self::Internal(what.into()),
            Failure::Sql(error) if passes(&error) => Self::Unavailable(error.into()),
            Failure::Sql(error) => Self::Internal(error.into()),
        }
    }
}

/// Whether the same work may succeed later, because the error is due to the file, the disk or the memory.
fn passes(error: &rusqlite::Error) -> bool {
    const LATER: [ErrorCode; 6] = [
        ErrorCode::DatabaseBusy,
        ErrorCode::DatabaseLocked,
        ErrorCode::DiskFull,
        ErrorCode::SystemIoFailure,
        ErrorCode::OutOfMemory,
        ErrorCode::CannotOpen,
    ];
    error
        .sqlite_error_code()
        .is_some_and(|code| LATER.contains(&code))
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
