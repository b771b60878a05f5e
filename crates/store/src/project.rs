//! Projects hold warehouses.

use async_trait::async_trait;
use model::{Page, PageRequest, ProjectId, Timestamp};

use crate::{Effects, Result};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRow {
    /// Its id.
    pub id: ProjectId,
    /// Its name; not necessarily unique.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Projects.
#[async_trait]
pub trait Projects {
    /// Creates a project. `AlreadyExists` if the id is taken.
    async fn project_create(&self, project: ProjectRow, effects: Effects) -> Result<()>;

    /// Loads a project. `NotFound` if there is none.
    async fn project_load(&self, id: &ProjectId) -> Result<ProjectRow>;

    /// All projects, sorted by id.
    async fn project_list(&self, page: PageRequest) -> Result<Page<ProjectRow>>;

    /// Renames the project. `NotFound` if there is none.
    async fn project_rename(&self, id: &ProjectId, name: &str, effects: Effects) -> Result<()>;

    /// Removes the project. `NotFound` if there is none, `NotEmpty` while it has warehouses.
    async fn project_drop(&self, id: &ProjectId, effects: Effects) -> Result<()>;
}
