//! Namespaces hold tables, views and further namespaces.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::{
    NamespaceId, NamespacePath, Page, PageItem, PageRequest, Properties, TabularId, TabularKind,
    Timestamp, Version, WarehouseId,
};

use crate::{DropMode, Effects, Expiry, Protection, Result};

/// A namespace that is to be.
#[derive(Debug, Clone)]
pub struct NewNamespace {
    /// Its id.
    pub id: NamespaceId,
    /// The warehouse that holds it.
    pub warehouse: WarehouseId,
    /// Its full path.
    pub path: NamespacePath,
    /// The namespace that must have the path around it; if absent, whichever has it.
    pub parent: Option<NamespaceId>,
    /// Its properties.
    pub properties: Properties,
    /// When it is made.
    pub created_at: Timestamp,
}

/// A namespace.
#[derive(Debug, Clone)]
pub struct NamespaceRow {
    /// Its id.
    pub id: NamespaceId,
    /// The warehouse that holds it.
    pub warehouse: WarehouseId,
    /// Its full path as it was written when it was created.
    pub path: NamespacePath,
    /// Its properties.
    pub properties: Properties,
    /// Whether it may be dropped.
    pub protection: Protection,
    /// How often it has changed (its properties and protection, not what it holds).
    pub version: Version,
    /// When it changed last, if it did.
    pub updated_at: Option<Timestamp>,
}

/// A namespace in a list.
#[derive(Debug, Clone)]
pub struct ListedNamespace {
    /// Its id.
    pub id: NamespaceId,
    /// Its full path as it was written when it was created.
    pub path: NamespacePath,
    /// Whether it may be dropped.
    pub protection: Protection,
}

impl PageItem for ListedNamespace {
    fn page_key(&self) -> String {
        self.path.key().as_str().to_owned()
    }
}

/// Everything below a namespace at one moment.
#[derive(Debug, Clone, Default)]
pub struct NamespaceTree {
    /// All namespaces below it.
    pub namespaces: Vec<TreeNamespace>,
    /// All tables and views in it and below it.
    pub tabulars: Vec<TreeTabular>,
}

/// A namespace in a [`NamespaceTree`].
#[derive(Debug, Clone)]
pub struct TreeNamespace {
    /// Its id.
    pub id: NamespaceId,
    /// Its full path.
    pub path: NamespacePath,
    /// Its version at that moment.
    pub version: Version,
    /// Whether it may be dropped.
    pub protection: Protection,
    /// Whether it is there, or went with what is soft-deleted.
    pub is_live: bool,
}

/// A table or view in a [`NamespaceTree`].
#[derive(Debug, Clone)]
pub struct TreeTabular {
    /// Its id.
    pub id: TabularId,
    /// What it is.
    pub kind: TabularKind,
    /// The namespace that holds it.
    pub namespace: NamespaceId,
    /// Its name.
    pub name: String,
    /// Where its files are.
    pub location: String,
    /// Its version at that moment.
    pub version: Version,
    /// Whether it may be dropped.
    pub protection: Protection,
    /// What happens to its files when it expires, if it is soft-deleted.
    pub deleted: Option<Expiry>,
}

/// The removal of a namespace with all that was seen below it.
#[derive(Debug, Clone)]
pub struct NamespaceDrop {
    /// The namespace.
    pub id: NamespaceId,
    /// Its version when it was looked at.
    pub expected: Version,
    /// What goes with it; empty for a plain drop.
    pub tree: NamespaceTree,
    /// Whether it can be had back.
    pub mode: DropMode,
    /// When.
    pub at: Timestamp,
}

/// A namespace's way to another place, with all that was seen below it.
#[derive(Debug, Clone)]
pub struct NamespaceMove {
    /// The namespace.
    pub id: NamespaceId,
    /// The warehouse that holds it.
    pub warehouse: WarehouseId,
    /// Its version when it was looked at.
    pub expected: Version,
    /// The namespace that will hold it; none at the top.
    pub parent: Option<NamespaceId>,
    /// The path that it gets: that of the parent and a name.
    pub path: NamespacePath,
    /// What is below it as it was seen, each with the path that it gets.
    pub below: Vec<TreeNamespace>,
    /// The live tables and views that go along as they were seen, if it matters which: the namespace that holds each, its id and its name.
    pub tabulars: Option<BTreeSet<(NamespaceId, TabularId, String)>>,
    /// When.
    pub at: Timestamp,
}

/// Namespaces.
#[async_trait]
pub trait Namespaces {
    /// Creates a namespace. `NotFound(Warehouse)`, `NotFound(NamespacePath)` with the parent's path if that is gone,
    /// `AlreadyExists(NamespacePath)` if the path is taken, `AlreadyExists(Namespace)` if the id is. The parent cannot
    /// vanish meanwhile.
    async fn namespace_create(&self, namespace: NewNamespace, effects: Effects) -> Result<()>;

    /// The namespace. `NotFound` if it is not in this warehouse.
    async fn namespace_load(&self, warehouse: WarehouseId, id: NamespaceId)
    -> Result<NamespaceRow>;

    /// The namespaces directly below `parent` (at the top if none), by folded path.
    async fn namespace_list(
        &self,
        warehouse: WarehouseId,
        parent: Option<NamespaceId>,
        page: PageRequest,
    ) -> Result<Page<ListedNamespace>>;

    /// Replaces the properties and the protection if the stored version is still `namespace.version`; the new version is
    /// one more and `updated_at` is as given. `Stale` if it is not, `NotFound` if it is gone.
    async fn namespace_update(&self, namespace: NamespaceRow, effects: Effects) -> Result<()>;

    /// Everything below the namespace, soft-deleted tables and views and the namespaces that went with them included. But one
    /// namespace more than [`Bounds::DROPPED_NAMESPACES`](model::Bounds::DROPPED_NAMESPACES) at most, with what is in some of them;
    /// and one table or view more than [`Bounds::DROPPED_TABULARS`](model::Bounds::DROPPED_TABULARS) at most. `NotFound` if it is not
    /// in this warehouse.
    async fn namespace_tree(
        &self,
        warehouse: WarehouseId,
        id: NamespaceId,
    ) -> Result<NamespaceTree>;

    /// Removes the namespace and exactly the tree that was seen, and cancels the expiry of what was soft-deleted in it; or
    /// soft-deletes all that is live of it. `NotFound` if it is gone, `Stale` if the namespace or anything listed has changed or gone,
    /// `NotEmpty` if it holds something that is not listed.
    ///
    /// Namespaces that were soft-deleted with others come back when the first of these is undropped, and go for good with the last.
    async fn namespace_drop(&self, drop: NamespaceDrop, effects: Effects) -> Result<()>;

    /// Moves the namespace, and with it all that is below. The versions of all these namespaces and of the live tables and views in them
    /// become one more, as does the version of what is given in the warehouse: others may do something there now.
    ///
    /// `NotFound(Namespace)` if it is not in this warehouse, `NotFound(NamespacePath)` with the parent's path if the parent is not
    /// there, `AlreadyExists(NamespacePath)` if the path is another one's, `Stale` if the namespace or anything listed has changed or gone,
    /// if there is a namespace below that is not listed, if the parent is one of these, or if other tables and views would go along than those
    /// that are listed, if any are.
    async fn namespace_move(&self, way: NamespaceMove, effects: Effects) -> Result<()>;
}
