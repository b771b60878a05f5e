//! Tables and views that were dropped and can be had back for a while.

use async_trait::async_trait;
use model::{
    NamespaceId, NamespacePath, Page, PageItem, PageRequest, TabularId, TabularKind, Timestamp,
    Version, WarehouseId,
};

use crate::{AtVersion, Effects, Result};

/// Whether what is dropped can be had back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropMode {
    /// It cannot.
    Hard,
    /// It can: it keeps its id and places, nobody sees it, and its name is free.
    Soft(SoftDrop),
}

/// How something is soft-deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftDrop {
    /// When.
    pub at: Timestamp,
    /// What happens to its files when it expires.
    pub expiry: Expiry,
}

/// What happens to the files of a soft-deleted table or view when it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// They stay.
    Keep,
    /// They are deleted.
    Purge,
}

impl Expiry {
    /// What becomes of one's files where this is asked for all that is in a namespace. Those of a generic table stay, as with today's
    /// Lakekeeper: other programs wrote them, and only who drops the table itself says that they are to go.
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
    /// The namespace that held it, and will again.
    pub namespace: NamespaceId,
    /// That one's path.
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
    /// When it is gone for good: when its task in [`SOFT_DELETION`](crate::SOFT_DELETION) is due. When it was dropped, if it has none.
    pub expires_at: Timestamp,
}

impl PageItem for DeletedTabular {
    fn page_key(&self) -> String {
        self.id.to_string()
    }
}

/// Which soft-deleted tables and views are wanted.
#[derive(Debug, Clone)]
pub struct DeletedQuery {
    /// Of this warehouse.
    pub warehouse: WarehouseId,
    /// Only those that this namespace itself held.
    pub namespace: Option<NamespaceId>,
    /// Which part.
    pub page: PageRequest,
}

/// What is to come back, all or none.
#[derive(Debug, Clone)]
pub struct Undrop {
    /// The warehouse of all of them.
    pub warehouse: WarehouseId,
    /// The tables and views, with their versions when they were looked at; none twice.
    pub tabulars: Vec<AtVersion>,
    /// When.
    pub at: Timestamp,
}

/// Soft deletion.
#[async_trait]
pub trait SoftDeletions {
    /// Hides a live table or view if its version is still the expected one; the new version is one more. Its name is free, its places
    /// are not. `Stale`, `NotFound`.
    async fn soft_drop(&self, at: AtVersion, how: SoftDrop, effects: Effects) -> Result<()>;

    /// The soft-deleted tables and views, by id.
    async fn deleted_list(&self, query: DeletedQuery) -> Result<Page<DeletedTabular>>;

    /// Those of the tables and views that are soft-deleted in this warehouse, in no order.
    async fn deleted_find(
        &self,
        warehouse: WarehouseId,
        ids: Vec<TabularId>,
    ) -> Result<Vec<DeletedTabular>>;

    /// The namespace of each of the tables and views that is in this warehouse, soft-deleted or not, in no order.
    async fn tabular_homes(
        &self,
        warehouse: WarehouseId,
        ids: Vec<TabularId>,
    ) -> Result<Vec<(TabularId, TabularKind, NamespaceId)>>;

    /// Makes them live again, and with them every namespace that went with one of theirs; the new version of a table or view is one
    /// more. Their tasks in [`SOFT_DELETION`](crate::SOFT_DELETION) are cancelled.
    ///
    /// `Stale` if one is not soft-deleted any more or has changed, `NamesTaken` with all names and paths of namespaces that others have
    /// got meanwhile, or that two of them want.
    async fn undrop(&self, undrop: Undrop, effects: Effects) -> Result<()>;

    /// Removes a soft-deleted table or view if its version is still the expected one: all of its places are free, but for what a task
    /// of the effects will empty. With the last one of those that went with a namespace, the namespaces go as well. `Stale` if it is not
    /// soft-deleted any more or has changed.
    async fn deleted_expire(&self, at: AtVersion, effects: Effects) -> Result<()>;
}
