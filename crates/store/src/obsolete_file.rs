//! Metadata files that commits have made obsolete, until they are deleted.

use async_trait::async_trait;
use model::TabularId;

use crate::{NewTask, Result, TabularContent};

/// Files that a swap makes obsolete, and who deletes them.
#[derive(Debug, Clone)]
pub struct Obsolete {
    /// Where they are.
    pub files: Vec<String>,
    /// A task of the table in [`METADATA_CLEANUP`](crate::METADATA_CLEANUP), which empties no location. It is queued unless the
    /// table has one there that waits or runs.
    pub task: NewTask,
}

/// A file that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObsoleteFile {
    /// By what it is forgotten; grows with each file of the table.
    pub number: i64,
    /// Where it is.
    pub location: String,
}

/// Files of a table that are to be deleted, and what the table was after the last of them had become obsolete.
#[derive(Debug, Clone)]
pub struct NotedFiles {
    /// The first of them.
    pub files: Vec<ObsoleteFile>,
    /// What the table is.
    pub content: TabularContent,
    /// The normalised locations where it is and has been: whatever lies there is its own.
    pub places: Vec<String>,
}

/// Obsolete files. They get in with a [`Swap`](crate::Swap), and go with the table's row: who drops a table and keeps its files keeps
/// them all. A table that is soft-deleted is still there.
#[async_trait]
pub trait ObsoleteFiles {
    /// Up to `limit` files of the table, the first noted first. None if the table is gone.
    async fn obsolete_file_list(&self, table: TabularId, limit: u32) -> Result<Option<NotedFiles>>;

    /// Forgets files of the table. Those that are not noted any more are none.
    async fn obsolete_file_forget(&self, table: TabularId, numbers: Vec<i64>) -> Result<()>;
}
