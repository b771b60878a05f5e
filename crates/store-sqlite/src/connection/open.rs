//! Opens the database file and keeps other processes out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;
use crate::migrate;

/// How many prepared statements a connection keeps.
const PREPARED: usize = 128;
const BUSY: Duration = Duration::from_secs(10);

/// What acknowledged changes must survive.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Durability {
    /// A power failure, not only the end of the process: the log is synced with each transaction. With `NORMAL` it
    /// would be synced at checkpoints only, and later changes would be lost.
    Full,
    /// Nothing: the file is removed when the store is dropped.
    Temporary,
}

impl Durability {
    const fn pragma(self) -> &'static str {
        match self {
            Self::Full => "pragma synchronous = full; pragma fullfsync = on;",
            Self::Temporary => "pragma synchronous = off;",
        }
    }
}

/// The database file, locked for this process while this value lives.
#[derive(Debug)]
pub(crate) struct Files {
    path: PathBuf,
    durability: Durability,
    _lock: File,
}

impl Files {
    /// Locks the file, creates it if it does not exist, and brings its layout up to date.
    pub(crate) fn open(path: &Path, durability: Durability) -> Result<Self, OpenError> {
        let files = Self {
            path: path.to_owned(),
            durability,
            _lock: lock(path)?,
        };
        migrate::check(&files.bare()?, path)?;
        migrate::run(&mut files.connect()?, path)?;
        sync_folder(path)?;
        Ok(files)
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Result<Connection, OpenError> {
        let connection = self.bare()?;
        prepare(&connection, self.durability).map_err(|source| self.refused(source))?;
        Ok(connection)
    }

    /// A connection that has not accessed the file yet.
    fn bare(&self) -> Result<Connection, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&self.path, flags).map_err(|source| self.refused(source))
    }

    fn refused(&self, source: rusqlite::Error) -> OpenError {
        OpenError::Database {
            path: self.path.clone(),
            source,
        }
    }
}

/// Checks that the file is a database with the layout of this program. Writes nothing and takes no lock, so a server may have
/// the file open.
pub(crate) fn check(path: &Path) -> Result<(), OpenError> {
    let connection = read_only(&found(path)?).map_err(|source| OpenError::Database {
        path: path.to_owned(),
        source,
    })?;
    migrate::check_current(&connection, path)
}

/// The file's absolute path.
fn found(path: &Path) -> Result<PathBuf, OpenError> {
    path.canonicalize().map_err(|source| {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::NotFound && folder_of(&path).is_dir() {
            OpenError::Missing { path }
        } else {
            OpenError::File { path, source }
        }
    })
}

fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // If no server has the file open, SQLite would create a write-ahead log and leave it behind, unless it may assume that
    // nobody changes the file.
    let immutable = path.to_str().filter(|_| !Path::new(&log).exists());
    let Some(path) = immutable else {
        return Connection::open_with_flags(path, flags);
    };
    let path = path
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    Connection::open_with_flags(
        format!("file:{path}?immutable=1"),
        flags | OpenFlags::SQLITE_OPEN_URI,
    )
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn prepare(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(PREPARED);
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(
        "pragma journal_mode = wal;
         pragma foreign_keys = on;
         pragma trusted_schema = off;
         pragma temp_store = memory;
         pragma cache_size = -8192;
         pragma wal_autocheckpoint = 4000;
         pragma journal_size_limit = 67108864;",
    )?;
    connection.execute_batch(durability.pragma())
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let refused = |source| OpenError::File {
        path: name.clone(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(refused(source)),
    }
}

/// Makes the name of a new file survive a power failure.
#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), OpenError> {
    let folder = folder_of(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| OpenError::File {
            path: folder.to_owned(),
            source,
        })
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> Result<(), OpenError> {
    Ok(())
}
