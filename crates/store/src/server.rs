//! The installation itself.

use async_trait::async_trait;
use model::{ServerId, Timestamp};

use crate::{Effects, ProjectRow, Result};

/// The one row of this installation; the first migration makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    /// Its id.
    pub id: ServerId,
    /// When the terms of use were accepted, if they were.
    pub bootstrapped_at: Option<Timestamp>,
}

/// What became of an installation that was to be opened for another bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reopened {
    /// The next who bootstraps it becomes its administrator.
    Now,
    /// It has not been bootstrapped since it was made or opened.
    WasOpen,
}

/// The installation.
#[async_trait]
pub trait Servers {
    /// The installation's row. Also proves that the database answers.
    async fn server_load(&self) -> Result<ServerRow>;

    /// Marks the installation as bootstrapped and creates the default project unless it exists. `AlreadyExists(Server)` if it has been bootstrapped
    /// before, and was not opened again since. What is given with it counts at once in the warehouses that are there by then.
    async fn server_bootstrap(
        &self,
        at: Timestamp,
        default_project: Option<ProjectRow>,
        effects: Effects,
    ) -> Result<()>;

    /// Lets the installation be bootstrapped once more. Nothing else changes.
    async fn server_reopen_bootstrap(&self) -> Result<Reopened>;
}
