//! The catalog's store in one SQLite file: nothing to install, one process at a time.
//!
//! One thread writes, a few threads read; a change is acknowledged once it is on disk.

mod commit;
mod connection;
mod effects;
mod error;
mod event_sink;
mod grants;
mod idempotency;
mod migrate;
mod mirror;
mod mirror_fact;
mod namespace;
mod namespace_move;
mod obsolete_file;
mod outbox;
mod project;
mod resolve;
mod role;
mod row;
mod search;
mod secret;
mod server;
mod soft_deletion;
mod statistics;
mod tabular;
mod tag;
mod task;
mod task_config;
mod task_control;
mod task_state;
mod user;
mod warehouse;

pub use error::OpenError;

use std::fmt;
use std::path::Path;

use connection::{Durability, Files, Readers, Writer};
use rusqlite::Connection;
use store::{Effects, StoreError};
use tempfile::TempDir;

use crate::error::Work;

/// How many connections read.
const READERS: usize = 4;

/// A store in a SQLite file. Dropping it finishes the work that has begun and closes the file.
pub struct SqliteStore {
    // The fields are dropped in this order: connections, then the lock, then the folder of a temporary store.
    readers: Readers,
    writer: Writer,
    _files: Files,
    _temporary: Option<TempDir>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SqliteStore")
    }
}

impl SqliteStore {
    /// Opens the database, creates it if it does not exist, and brings its layout up to date.
    ///
    /// Refuses a file that another process has open, and one that a newer program has changed.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let files = Files::open(path, Durability::Full)?;
        Self::over(files, None)
    }

    /// Checks, without writing, that the file is a database with the layout of this program. Another process may have it open.
    pub fn check(path: &Path) -> Result<(), OpenError> {
        connection::check(path)
    }

    /// A store in a temporary folder, which is deleted with it; for tests.
    pub fn temporary() -> Result<Self, OpenError> {
        let folder = TempDir::new().map_err(|source| OpenError::File {
            path: std::env::temp_dir(),
            source,
        })?;
        let files = Files::open(&folder.path().join("catalog.db"), Durability::Temporary)?;
        Self::over(files, Some(folder))
    }

    fn over(files: Files, temporary: Option<TempDir>) -> Result<Self, OpenError> {
        let no_thread = |source| OpenError::Thread { source };
        let readers = (0..READERS)
            .map(|_| files.connect())
            .collect::<Result<_, _>>()?;
        Ok(Self {
            readers: Readers::start(readers).map_err(no_thread)?,
            writer: Writer::start(files.connect()?).map_err(no_thread)?,
            _files: files,
            _temporary: temporary,
        })
    }

    /// Reads from one snapshot of the database that is taken after this call.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Work<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(work).await
    }

    /// Makes a change without effects.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Work<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(work).await
    }

    /// Makes a change and writes its effects: all or nothing.
    async fn change<T: Send + 'static>(
        &self,
        effects: Effects,
        work: impl FnOnce(&Connection) -> Work<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer
            .run(move |db| {
                effects::claim_keys(db, &effects)?;
                let done = work(db)?;
                effects::record(db, &effects)?;
                Ok(done)
            })
            .await
    }
}
