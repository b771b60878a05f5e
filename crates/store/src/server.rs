//! The installation itself.

use async_trait::async_trait;
use model::{ServerId, Timestamp};

use crate::{Effects, ProjectRow, Result};

/// The only row of its table; the first migration creates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    /// Its id.
    pub id: ServerId,
    /// When the terms of use were accepted by bootstrapping; `None` if the installation is open for a bootstrap.
    pub bootstrapped_at: Option<Timestamp>,
}

/// The result of reopening the installation for another bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reopened {
    /// It is open now: the next user who bootstraps it becomes its administrator.
    Now,
    /// It was open already: it has not been bootstrapped since it was created or reopened.
    WasOpen,
}

/// The installation.
#[async_trait]
pub trait Servers {
    /// The installation's row. Also proves that the database answers.
    async fn server_load(&self) -> Result<ServerRow>;

    /// Marks the installation as bootstrapped and creates the default project unless it exists.
    /// `AlreadyExists(Server)` if it has been bootstrapped and not reopened since. Increments the grants version
    /// of every warehouse, so that grants among the effects take effect at once.
    async fn server_bootstrap(
        &self,
        at: Timestamp,
        default_project: Option<ProjectRow>,
        effects: Effects,
    ) -> Result<()>;

    /// Lets the installation be bootstrapped once more. Nothing else changes.
    async fn server_reopen_bootstrap(&self) -> Result<Reopened>;
}
