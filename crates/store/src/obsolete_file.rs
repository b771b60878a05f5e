//! Metadata files that commits have made obsolete, and that are still to be deleted.

use async_trait::async_trait;
use model::TabularId;

use crate::{NewTask, Result, TabularContent};

/// Files that a swap makes obsolete, and the task that deletes them.
#[derive(Debug, Clone)]
pub struct Obsolete {
    /// The addresses of the files.
    pub files: Vec<String>,
    /// A task for the table in [`METADATA_CLEANUP`](crate::METADATA_CLEANUP), with an empty subject. It is queued
    /// unless the table has a waiting or running task there.
    pub task: NewTask,
}

/// A file that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObsoleteFile {
    /// Its number, by which it is forgotten; grows with each file of the table.
    pub number: i64,
    /// Where it is.
    pub location: String,
}

/// Files of a table that are to be deleted, and the table as it is now.
#[derive(Debug, Clone)]
pub struct NotedFiles {
    /// The files that were noted first.
    pub files: Vec<ObsoleteFile>,
    /// The table's content, read after the last of the files had become obsolete.
    pub content: TabularContent,
    /// The normalised locations where the table is and has been: all files there are its own.
    pub places: Vec<String>,
}

/// Obsolete files. A [`Swap`](crate::Swap) notes them. They are forgotten when the table's row is removed: a drop
/// that keeps the table's files keeps these too. A soft-deleted table still has its row.
#[async_trait]
pub trait ObsoleteFiles {
    /// Up to `limit` files of the table, in the order in which they were noted. `None` if the table is gone.
    async fn obsolete_file_list(&self, table: TabularId, limit: u32) -> Result<Option<NotedFiles>>;

    /// Forgets files of the table. Numbers that are not noted any more are skipped.
    async fn obsolete_file_forget(&self, table: TabularId, numbers: Vec<i64>) -> Result<()>;
}
