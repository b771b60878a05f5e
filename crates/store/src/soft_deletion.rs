//! Tables and views that were dropped and can be undropped for a while.

use async_trait::async_trait;
use model::{
    NamespaceId, NamespacePath, Page, PageItem, PageRequest, TabularId, TabularKind, Timestamp,
    Version, WarehouseId,
};

use crate::{AtVersion, Effects, Result};

/// Whether what is dropped can be undropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropMode {
    /// It cannot be undropped.
    Hard,
    /// It can be undropped: it keeps its id and locations, is hidden, and its name is free for others.
    Soft(SoftDrop),
}

/// How something is soft-deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftDrop {
    /// When it is dropped.
    pub at: Timestamp,
    /// What happens to its files when it expires.
    pub expiry: Expiry,
}

/// What happens to the files of a soft-deleted table or view when it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The files stay.
    Keep,
    /// The files are deleted.
    Purge,
}

impl Expiry {
    /// What happens to the files of one table or view when a whole namespace is dropped with this expiry. Those of
    /// a generic table stay, as in today's Lakekeeper: other programs wrote them, so they are deleted only when
    /// the table itself is dropped with a purge.
    #[must_use]
    pub fn of_one(self, kind: TabularKind) -> Self {
        match kind {
            TabularKind::GenericTable => Self::Keep,
            TabularKind::Table | TabularKind::View => self,
        }
    }
}

impl From<bool> for Expiry {
    fn from(purges: bool) -> Self {
        if purges { Self::Purge } else { Self::Keep }
    }
}

impl From<Expiry> for bool {
    fn from(expiry: Expiry) -> Self {
        expiry == Expiry::Purge
    }
}

/// A soft-deleted table or view.
#[derive(Debug, Clone)]
pub struct DeletedTabular {
    /// Its id.
    pub id: TabularId,
    /// What it is.
    pub kind: TabularKind,
    /// The namespace that held it and will hold it again when it is undropped.
    pub namespace: NamespaceId,
    /// The path of this namespace.
    pub path: NamespacePath,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where its files are.
    pub location: String,
    /// What happens to its files when it expires.
    pub expiry: Expiry,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was dropped.
    pub deleted_at: Timestamp,
    /// When it is removed for good: when its task in [`SOFT_DELETION`](crate::SOFT_DELETION) is due. If it has no
    /// such task, `deleted_at`.
    pub expires_at: Timestamp,
}

impl PageItem for DeletedTabular {
    fn page_key(&self) -> String {
        self.id.to_string()
    }
}

/// A query for soft-deleted tables and views.
#[derive(Debug, Clone)]
pub struct DeletedQuery {
    /// The warehouse that held them.
    pub warehouse: WarehouseId,
    /// Only those directly in this namespace; `None` for all namespaces.
    pub namespace: Option<NamespaceId>,
    /// The page that is wanted.
    pub page: PageRequest,
}

/// Tables and views to undrop: all of them or none.
#[derive(Debug, Clone)]
pub struct Undrop {
    /// The warehouse of all of them.
    pub warehouse: WarehouseId,
    /// The tables and views with the versions that the caller has seen; each once.
    pub tabulars: Vec<AtVersion>,
    /// When they are undropped.
    pub at: Timestamp,
}

/// Soft deletion.
#[async_trait]
pub trait SoftDeletions {
    /// Soft-deletes a live table or view if its version is still the expected one; the new version is one more.
    /// Its name becomes free, its locations stay taken. `Stale`, `NotFound`.
    async fn soft_drop(&self, at: AtVersion, how: SoftDrop, effects: Effects) -> Result<()>;

    /// A page of soft-deleted tables and views, sorted by id.
    async fn deleted_list(&self, query: DeletedQuery) -> Result<Page<DeletedTabular>>;

    /// Those of `ids` that are soft-deleted in this warehouse, in no order.
    async fn deleted_find(
        &self,
        warehouse: WarehouseId,
        ids: Vec<TabularId>,
    ) -> Result<Vec<DeletedTabular>>;

    /// The kind and namespace of those of `ids` that are in this warehouse, soft-deleted or not, in no order.
    async fn tabular_homes(
        &self,
        warehouse: WarehouseId,
        ids: Vec<TabularId>,
    ) -> Result<Vec<(TabularId, TabularKind, NamespaceId)>>;

    /// Makes the tables and views live again, and with them all namespaces of every drop that took their namespace
    /// or one around it. The new version of a table or view is one more. Their tasks in
    /// [`SOFT_DELETION`](crate::SOFT_DELETION) are cancelled.
    ///
    /// `Stale` if one of them has changed or is no longer soft-deleted. `NamesTaken` with all names and namespace
    /// paths that others have taken meanwhile or that two of the tables and views share.
    async fn undrop(&self, undrop: Undrop, effects: Effects) -> Result<()>;

    /// Removes a soft-deleted table or view if its version is still the expected one. Its locations become free,
    /// except those that a task among the effects will empty. If it was the last one in the namespaces of a soft
    /// drop, these are removed as well. `Stale` if it has changed or is no longer soft-deleted.
    async fn deleted_expire(&self, at: AtVersion, effects: Effects) -> Result<()>;
}
