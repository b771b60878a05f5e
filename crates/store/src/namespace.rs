//! Namespaces hold tables, views and further namespaces.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::{
    NamespaceId, NamespacePath, Page, PageItem, PageRequest, Properties, TabularId, TabularKind,
    Timestamp, Version, WarehouseId,
};

use crate::{DropMode, Effects, Expiry, Protection, Result};

/// A namespace that is to be created.
#[derive(Debug, Clone)]
pub struct NewNamespace {
    /// Its id.
    pub id: NamespaceId,
    /// The warehouse that holds it.
    pub warehouse: WarehouseId,
    /// Its full path.
    pub path: NamespacePath,
    /// The id that the parent namespace must have; if absent, any namespace with the parent's path will do.
    pub parent: Option<NamespaceId>,
    /// Its properties.
    pub properties: Properties,
    /// When it is created.
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
    /// Whether it is live; if not, it was soft-deleted with a namespace.
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
    /// What happens to its files when it expires; `None` if it is not soft-deleted.
    pub deleted: Option<Expiry>,
}

/// The removal of a namespace with everything that was seen below it.
#[derive(Debug, Clone)]
pub struct NamespaceDrop {
    /// The namespace.
    pub id: NamespaceId,
    /// The version that the caller has seen.
    pub expected: Version,
    /// What is dropped with it; empty if only an empty namespace is to be dropped.
    pub tree: NamespaceTree,
    /// Whether it can be undropped.
    pub mode: DropMode,
    /// When it is dropped.
    pub at: Timestamp,
}

/// The move of a namespace to another path, with everything that was seen below it.
#[derive(Debug, Clone)]
pub struct NamespaceMove {
    /// The namespace.
    pub id: NamespaceId,
    /// The warehouse that holds it.
    pub warehouse: WarehouseId,
    /// The version that the caller has seen.
    pub expected: Version,
    /// The namespace that will hold it; `None` for the top level.
    pub parent: Option<NamespaceId>,
    /// Its new path: the parent's path and a name.
    pub path: NamespacePath,
    /// The namespaces that the caller has seen below it, each with its new path.
    pub below: Vec<TreeNamespace>,
    /// If the caller has checked which live tables and views move along: the holding namespace, id and name of
    /// each.
    pub tabulars: Option<BTreeSet<(NamespaceId, TabularId, String)>>,
    /// When it is moved.
    pub at: Timestamp,
}

/// Namespaces.
#[async_trait]
pub trait Namespaces {
    /// Creates a namespace. The parent cannot vanish meanwhile. `NotFound(Warehouse)`; `NotFound(NamespacePath)`
    /// with the parent's path if there is no such parent; `AlreadyExists(NamespacePath)` if the path is taken;
    /// `AlreadyExists(Namespace)` if the id is taken.
    async fn namespace_create(&self, namespace: NewNamespace, effects: Effects) -> Result<()>;

    /// Loads a namespace. `NotFound` if it is not in this warehouse.
    async fn namespace_load(&self, warehouse: WarehouseId, id: NamespaceId)
    -> Result<NamespaceRow>;

    /// The namespaces directly below `parent` (the top level if `None`), sorted by folded path.
    async fn namespace_list(
        &self,
        warehouse: WarehouseId,
        parent: Option<NamespaceId>,
        page: PageRequest,
    ) -> Result<Page<ListedNamespace>>;

    /// Replaces the properties and the protection if the stored version is still `namespace.version`. The new
    /// version is one more, `updated_at` is stored as given. `Stale` if the version differs, `NotFound` if the
    /// namespace is gone.
    async fn namespace_update(&self, namespace: NamespaceRow, effects: Effects) -> Result<()>;

    /// Everything below the namespace, including soft-deleted tables and views and the namespaces that were
    /// dropped with them. Returns at most one namespace more than
    /// [`Bounds::DROPPED_NAMESPACES`](model::Bounds::DROPPED_NAMESPACES), with the contents of the returned ones
    /// only, and at most one table or view more than
    /// [`Bounds::DROPPED_TABULARS`](model::Bounds::DROPPED_TABULARS). `NotFound` if the namespace is not in this
    /// warehouse.
    async fn namespace_tree(
        &self,
        warehouse: WarehouseId,
        id: NamespaceId,
    ) -> Result<NamespaceTree>;

    /// Drops the namespace and exactly the tree that was seen. [`DropMode::Hard`] removes it and cancels the
    /// expiry of what was soft-deleted in it; [`DropMode::Soft`] soft-deletes what is live. `NotFound` if the
    /// namespace is gone, `Stale` if the namespace or anything listed has changed or is gone, `NotEmpty` if it
    /// holds something that is not listed.
    ///
    /// The namespaces of a soft drop become live again when the first table or view in one of them is undropped,
    /// and are removed when the last table or view in them is removed.
    async fn namespace_drop(&self, drop: NamespaceDrop, effects: Effects) -> Result<()>;

    /// Moves the namespace with everything below it. The versions of all these namespaces and of the live tables
    /// and views in them become one more, and so does the grants version of the warehouse, because inherited
    /// privileges change.
    ///
    /// `NotFound(Namespace)` if the namespace is not in this warehouse, `NotFound(NamespacePath)` with the
    /// parent's path if the parent is gone, `AlreadyExists(NamespacePath)` if another namespace has the path.
    /// `Stale` if the namespace or anything listed has changed or is gone, if a namespace below is not listed, if
    /// the parent is one of the moved namespaces, or if `tabulars` is given and differs from the live tables and
    /// views that would move.
    async fn namespace_move(&self, namespace_move: NamespaceMove, effects: Effects) -> Result<()>;
}
