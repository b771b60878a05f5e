//! Resolves names to ids and versions, many at once: the read that proves that a cached answer is still current.

use async_trait::async_trait;
use model::{NameKey, NamespaceId, NamespaceKey, TabularId, TabularKind, Version, WarehouseId};

use crate::{NamespaceRow, Protection, Result, TabularContent, WarehouseStatus};

/// What to look up.
#[derive(Debug, Clone)]
pub struct ResolveKey {
    /// The warehouse to look in.
    pub warehouse: WarehouseId,
    /// What to look for in it.
    pub target: ResolveTarget,
}

/// What to look for in a warehouse.
#[derive(Debug, Clone)]
pub enum ResolveTarget {
    /// Nothing but the warehouse itself.
    Warehouse,
    /// A namespace: its id and version.
    Namespace(NamespaceKey),
    /// A namespace with its properties.
    NamespaceRow(NamespaceKey),
    /// A table or view: its id and version.
    Tabular(NamespaceKey, NameKey),
    /// A table or view with its metadata.
    TabularContent(NamespaceKey, NameKey),
    /// Whether a table or view still has this version. This is enough for a caller that has resolved its name
    /// before: a change of its name or namespace is a new version too.
    Unchanged(TabularId, Version),
}

/// What was found; a field is absent if there is no such thing. Kept small because it is handed on several times:
/// the large fields are boxed and rarely requested.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// The warehouse.
    pub warehouse: Option<WarehouseStamp>,
    /// The namespace, if the key contains a namespace name.
    pub namespace: Option<NamespaceStamp>,
    /// The namespace with its properties, if [`ResolveTarget::NamespaceRow`] was asked for.
    pub namespace_row: Option<Box<NamespaceRow>>,
    /// The table or view, if one was asked for.
    pub tabular: Option<TabularStamp>,
    /// Its metadata, if [`ResolveTarget::TabularContent`] was asked for.
    pub content: Option<Box<TabularContent>>,
    /// Whether the version in [`ResolveTarget::Unchanged`] is current.
    pub is_unchanged: bool,
}

/// The version and status of a warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarehouseStamp {
    /// Its version.
    pub version: Version,
    /// Whether it is served.
    pub status: WarehouseStatus,
    /// Its grants version: see [`Grants`](crate::Grants).
    pub grants: Version,
}

/// The id and version of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamespaceStamp {
    /// Its id.
    pub id: NamespaceId,
    /// Its version.
    pub version: Version,
}

/// The id, version, kind and protection of a table or view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TabularStamp {
    /// Its id.
    pub id: TabularId,
    /// What it is.
    pub kind: TabularKind,
    /// Its version.
    pub version: Version,
    /// Whether it may be dropped.
    pub protection: Protection,
}

/// Looks names up. Only what is live is found, not what is soft-deleted.
#[async_trait]
pub trait Resolver {
    /// Answers all keys, in their order, from the primary database as it is after this call began. The keys that
    /// ask by name see one state of it; those that ask by id see one state too, perhaps another.
    async fn resolve(&self, keys: Vec<ResolveKey>) -> Result<Vec<Resolved>>;
}
