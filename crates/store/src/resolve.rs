//! From names to ids and versions, many at once: the freshness read that stands before every cached answer.

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
    /// Whether a table or view still has this version. Whoever has looked its name up before needs to know no more: a
    /// change of its name or namespace is a new version too.
    Unchanged(TabularId, Version),
}

/// What was found. What is absent does not exist. Small, because it is handed on several times; what is large is asked for rarely.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// The warehouse.
    pub warehouse: Option<WarehouseStamp>,
    /// The namespace, if one was asked for by its name, alone or with a name in it.
    pub namespace: Option<NamespaceStamp>,
    /// The namespace with its properties, if [`ResolveTarget::NamespaceRow`] was asked for.
    pub namespace_row: Option<Box<NamespaceRow>>,
    /// The table or view, if one was asked for.
    pub tabular: Option<TabularStamp>,
    /// Its metadata, if [`ResolveTarget::TabularContent`] was asked for.
    pub content: Option<Box<TabularContent>>,
    /// Whether the version that [`ResolveTarget::Unchanged`] asks about is current.
    pub is_unchanged: bool,
}

/// How current a warehouse is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarehouseStamp {
    /// Its version.
    pub version: Version,
    /// Whether it is served.
    pub status: WarehouseStatus,
    /// The version of what is given in it.
    pub grants: Version,
}

/// How current a namespace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamespaceStamp {
    /// Its id.
    pub id: NamespaceId,
    /// Its version.
    pub version: Version,
}

/// How current a table or view is.
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

/// Looks names up. Live entries only: what is soft-deleted is not found.
#[async_trait]
pub trait Resolver {
    /// Answers all keys, in their order, from what the primary says after this call: one state of it for those that ask by
    /// name, one for those that ask by id.
    async fn resolve(&self, keys: Vec<ResolveKey>) -> Result<Vec<Resolved>>;
}
