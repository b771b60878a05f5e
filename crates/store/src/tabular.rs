//! Tables, views and generic tables: their pointer and their metadata.

use async_trait::async_trait;
use model::{
    Name, NamespaceId, NamespaceKey, Page, PageItem, PageRequest, TableFormat, TabularId,
    TabularKind, Timestamp, Version, WarehouseId, fold,
};

use crate::{
    Effects, FoundTabular, Obsolete, Protection, Result, StoredMetadata, TabularSearch,
    TabularStamp,
};

/// What a table or view is at one version. Clones share the metadata.
#[derive(Debug, Clone)]
pub struct TabularContent {
    /// Where its files are, as its metadata spells it.
    pub location: String,
    /// The current metadata file; empty for a generic table, which has none.
    pub metadata_location: String,
    /// What that file says; of a generic table, how it was described when it was created.
    pub metadata: StoredMetadata,
}

/// A table or view.
#[derive(Debug, Clone)]
pub struct TabularRow {
    /// Its id.
    pub id: TabularId,
    /// The warehouse that holds it.
    pub warehouse: WarehouseId,
    /// The namespace that holds it.
    pub namespace: NamespaceId,
    /// What it is.
    pub kind: TabularKind,
    /// Its name as it was written when it was created or renamed.
    pub name: String,
    /// Whether it may be dropped.
    pub protection: Protection,
    /// How often it has changed.
    pub version: Version,
    /// When it changed last, if it did.
    pub updated_at: Option<Timestamp>,
    /// Its metadata.
    pub content: TabularContent,
}

/// A table or view that has been found by what lies in a place of it.
#[derive(Debug, Clone)]
pub struct PlacedTabular {
    /// The namespace that holds it.
    pub namespace: NamespaceId,
    /// How current it is.
    pub stamp: TabularStamp,
    /// The normalised location that it was found by: where it is, or has been.
    pub place: String,
}

/// A table or view in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTabular {
    /// Its id.
    pub id: TabularId,
    /// Its name as it was written when it was created or renamed.
    pub name: String,
    /// Whether it may be dropped.
    pub protection: Protection,
    /// What the files of a generic table are; none for tables and views.
    pub format: Option<TableFormat>,
}

impl PageItem for ListedTabular {
    fn page_key(&self) -> String {
        fold(&self.name)
    }
}

/// A table or view, as it was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AtVersion {
    /// Which.
    pub id: TabularId,
    /// Its version then.
    pub version: Version,
}

impl AtVersion {
    /// This one at this version.
    pub const fn of(id: TabularId, version: Version) -> Self {
        Self { id, version }
    }
}

/// Changes to tables and views of one warehouse that become true together or not at all.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The warehouse of all of them.
    pub warehouse: WarehouseId,
    /// What is to be.
    pub creates: Vec<NewTabular>,
    /// What moves on to a new metadata file.
    pub swaps: Vec<Swap>,
    /// When.
    pub at: Timestamp,
}

/// A table or view that is to be.
#[derive(Debug, Clone)]
pub struct NewTabular {
    /// Its id.
    pub id: TabularId,
    /// The namespace that will hold it.
    pub namespace: NamespaceId,
    /// The path that led to the namespace: one that has moved meanwhile is not meant. None if nobody asked by path.
    pub home: Option<NamespaceKey>,
    /// What it will be.
    pub kind: TabularKind,
    /// What the files of a generic table are; none for tables and views.
    pub format: Option<TableFormat>,
    /// Its name.
    pub name: Name,
    /// Its first version; see [`Version::of_reused_id`].
    pub version: Version,
    /// Its normalised location for the overlap check: canonical scheme, no trailing `/`.
    pub claimed_location: String,
    /// Its metadata.
    pub content: TabularContent,
    /// What makes room for it in the same transaction: the entry that a `register` with `overwrite` replaces.
    pub replaces: Option<AtVersion>,
}

/// A compare-and-set of a table's or view's metadata.
#[derive(Debug, Clone)]
pub struct Swap {
    /// The table or view.
    pub id: TabularId,
    /// The version that the new metadata was made from.
    pub expected: Version,
    /// A new normalised location, if it moves. The old one stays its own as well: snapshots may point there.
    pub claimed_location: Option<String>,
    /// The new metadata.
    pub content: TabularContent,
    /// What is to be deleted once it is there.
    pub obsolete: Option<Obsolete>,
}

/// A new name and perhaps another namespace of the same warehouse.
#[derive(Debug, Clone)]
pub struct TabularRename {
    /// The table or view.
    pub id: TabularId,
    /// Its version when it was looked at.
    pub expected: Version,
    /// The namespace that will hold it.
    pub namespace: NamespaceId,
    /// The path that led to the namespace: one that has moved meanwhile is not meant. None if nobody asked by path.
    pub home: Option<NamespaceKey>,
    /// Its new name.
    pub name: Name,
    /// When.
    pub at: Timestamp,
}

/// Tables and views.
#[async_trait]
pub trait Tabulars {
    /// Makes all changes of the commit or none. New versions are one more than expected.
    ///
    /// In this order: `Stale` with the current rows if a swap or a replacement lost its race or its row is gone from the
    /// warehouse, `NotFound(Namespace)` if the namespace of a new one is not in the warehouse or has another path, `AlreadyExists(TabularName)` if
    /// its name is taken, `AlreadyExists(Tabular)` if its id is, in any warehouse, `LocationTaken` if a new location
    /// overlaps with a place where another table or view of the warehouse, soft-deleted ones included, is after the commit
    /// or has ever been, or with what a task that has not ended will empty. A table may move into, around and back to its own places;
    /// those of a replaced one are free in the same commit. Rows are locked in the order of their ids, so commits never deadlock.
    async fn tabular_commit(&self, commit: Commit, effects: Effects) -> Result<()>;

    /// The table or view. `NotFound` if it is not in this warehouse or soft-deleted.
    async fn tabular_load(&self, warehouse: WarehouseId, id: TabularId) -> Result<TabularRow>;

    /// The normalised locations that these tables and views have had before they moved, in no order. One that it has come
    /// back to may be among them. What is unknown has none. A move counts as a change: a drop that expects the version from before this
    /// read is refused if there is another place by then.
    async fn tabular_former_locations(&self, ids: Vec<TabularId>) -> Result<Vec<String>>;

    /// The live table or view that this normalised location is a place of or lies in one. Places that it has had before it moved
    /// count. Places of two never overlap; of those of one, the innermost is told.
    async fn tabular_find_by_location(
        &self,
        warehouse: WarehouseId,
        location: String,
    ) -> Result<Option<PlacedTabular>>;

    /// What a new table or view at this normalised location would overlap with, and be refused for: a place of another one, now or
    /// before it moved, soft-deleted ones included, or what a task that has not ended will empty. None if the location is free now.
    async fn tabular_location_taken(
        &self,
        warehouse: WarehouseId,
        location: String,
    ) -> Result<Option<String>>;

    /// The live tables, views or generic tables of a namespace, by folded name.
    async fn tabular_list(
        &self,
        namespace: NamespaceId,
        kind: TabularKind,
        page: PageRequest,
    ) -> Result<Page<ListedTabular>>;

    /// The live tables and views that a search finds, the best first, each with its distance. Of very many that are alike, some.
    async fn tabular_search(&self, search: TabularSearch) -> Result<Vec<(f32, FoundTabular)>>;

    /// Renames if the version is still the expected one; the new version is one more. `Stale`, `NotFound(Tabular)`, `NotFound(Namespace)` if
    /// the destination is gone, `AlreadyExists(TabularName)` if the name is taken there.
    async fn tabular_rename(&self, rename: TabularRename, effects: Effects) -> Result<()>;

    /// Sets the protection if the version is still the expected one; the new version is one more. `Stale`, `NotFound`.
    async fn tabular_protect(
        &self,
        at: AtVersion,
        protection: Protection,
        now: Timestamp,
        effects: Effects,
    ) -> Result<()>;

    /// Removes the entry if its version is still the expected one; all of its places are free, but for what a task of the
    /// effects will empty. `Stale`, `NotFound`.
    async fn tabular_drop(&self, at: AtVersion, effects: Effects) -> Result<()>;
}
