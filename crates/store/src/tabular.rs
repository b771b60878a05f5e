//! Tables, views and generic tables: their pointers and their metadata.

use async_trait::async_trait;
use model::{
    Name, NamespaceId, NamespaceKey, Page, PageItem, PageRequest, TableFormat, TabularId,
    TabularKind, Timestamp, Version, WarehouseId, fold,
};

use crate::{
    Effects, FoundTabular, Obsolete, Protection, Result, StoredMetadata, TabularSearch,
    TabularStamp,
};

/// The content of a table or view at one version. Clones share the metadata.
#[derive(Debug, Clone)]
pub struct TabularContent {
    /// Where its files are, as its metadata spells it.
    pub location: String,
    /// The current metadata file; empty for a generic table, which has none.
    pub metadata_location: String,
    /// The contents of this file; for a generic table, its description from when it was created.
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

/// A table or view that was found by a location.
#[derive(Debug, Clone)]
pub struct PlacedTabular {
    /// The namespace that holds it.
    pub namespace: NamespaceId,
    /// Its id, kind, version and protection.
    pub stamp: TabularStamp,
    /// Which of its present and former normalised locations was found.
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
    /// The format of a generic table's files; `None` for tables and views.
    pub format: Option<TableFormat>,
}

impl PageItem for ListedTabular {
    fn page_key(&self) -> String {
        fold(&self.name)
    }
}

/// A table or view at the version that the caller has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AtVersion {
    /// The table or view.
    pub id: TabularId,
    /// The version that the caller has seen.
    pub version: Version,
}

impl AtVersion {
    /// The table or view `id` at `version`.
    pub const fn of(id: TabularId, version: Version) -> Self {
        Self { id, version }
    }
}

/// Changes to tables and views of one warehouse: all of them or none.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The warehouse of all of them.
    pub warehouse: WarehouseId,
    /// The tables and views to create.
    pub creates: Vec<NewTabular>,
    /// The tables and views that get new metadata.
    pub swaps: Vec<Swap>,
    /// When the changes are made.
    pub at: Timestamp,
}

/// A table or view that is to be created.
#[derive(Debug, Clone)]
pub struct NewTabular {
    /// Its id.
    pub id: TabularId,
    /// The namespace that will hold it.
    pub namespace: NamespaceId,
    /// The path by which the caller found the namespace: if the namespace has moved since, the change is refused.
    /// `None` if it was not found by path.
    pub found_at: Option<NamespaceKey>,
    /// What it is.
    pub kind: TabularKind,
    /// The format of a generic table's files; `None` for tables and views.
    pub format: Option<TableFormat>,
    /// Its name.
    pub name: Name,
    /// Its first version; see [`Version::of_reused_id`].
    pub version: Version,
    /// Its normalised location for the overlap check: canonical scheme, no trailing `/`.
    pub claimed_location: String,
    /// Its metadata.
    pub content: TabularContent,
    /// The table or view that it replaces in the same transaction, for a `register` with `overwrite`.
    pub replaces: Option<AtVersion>,
}

/// A compare-and-set of a table's or view's metadata.
#[derive(Debug, Clone)]
pub struct Swap {
    /// The table or view.
    pub id: TabularId,
    /// The version that the new metadata was made from.
    pub expected: Version,
    /// The new normalised location if it moves. The old location stays reserved for it: snapshots may point there.
    pub claimed_location: Option<String>,
    /// The new metadata.
    pub content: TabularContent,
    /// The files to delete after the swap.
    pub obsolete: Option<Obsolete>,
}

/// A new name, and perhaps another namespace of the same warehouse.
#[derive(Debug, Clone)]
pub struct TabularRename {
    /// The table or view.
    pub id: TabularId,
    /// The version that the caller has seen.
    pub expected: Version,
    /// The namespace that will hold it.
    pub namespace: NamespaceId,
    /// The path by which the caller found the namespace: if the namespace has moved since, the change is refused.
    /// `None` if it was not found by path.
    pub found_at: Option<NamespaceKey>,
    /// Its new name.
    pub name: Name,
    /// When it is renamed.
    pub at: Timestamp,
}

/// Tables and views.
#[async_trait]
pub trait Tabulars {
    /// Makes all changes of the commit or none. New versions are one more than the expected ones. Rows are locked
    /// in the order of their ids, so commits never deadlock.
    ///
    /// The errors, in the order of the checks:
    /// - `Stale` with the current rows if a swap or a replacement lost its race or its row is gone from the
    ///   warehouse.
    /// - `NotFound(Namespace)` if the namespace of a new table or view is not in the warehouse or has another
    ///   path.
    /// - `AlreadyExists(TabularName)` if its name is taken, `AlreadyExists(Tabular)` if its id is taken, in any
    ///   warehouse.
    /// - `LocationTaken` if a new location overlaps with a location that another table or view of the warehouse,
    ///   soft-deleted ones included, has after the commit or has ever had, or that a task that has not ended will
    ///   empty. A table may move into, around and back to its own locations; those of a replaced table are free in
    ///   the same commit.
    async fn tabular_commit(&self, commit: Commit, effects: Effects) -> Result<()>;

    /// Loads a live table or view. `NotFound` if it is not in this warehouse or is soft-deleted.
    async fn tabular_load(&self, warehouse: WarehouseId, id: TabularId) -> Result<TabularRow>;

    /// The normalised locations that these tables and views had before they moved, in no order; they may include a
    /// location to which one has returned. Unknown ids are skipped. A move is a new version, so a drop that
    /// expects the version from before this read is refused if there are other locations by then.
    async fn tabular_former_locations(&self, ids: Vec<TabularId>) -> Result<Vec<String>>;

    /// The live table or view that has, or had before it moved, a location at or around this normalised location.
    /// The locations of two tables never overlap; of several locations of one table, the innermost is returned.
    async fn tabular_find_by_location(
        &self,
        warehouse: WarehouseId,
        location: String,
    ) -> Result<Option<PlacedTabular>>;

    /// The location that would make a new table or view at this normalised location fail with `LocationTaken`: a
    /// present or former location of another table or view, soft-deleted ones included, or one that a task that
    /// has not ended will empty. `None` if the location is free now.
    async fn tabular_location_taken(
        &self,
        warehouse: WarehouseId,
        location: String,
    ) -> Result<Option<String>>;

    /// The live tables, views or generic tables of a namespace, sorted by folded name.
    async fn tabular_list(
        &self,
        namespace: NamespaceId,
        kind: TabularKind,
        page: PageRequest,
    ) -> Result<Page<ListedTabular>>;

    /// The live tables and views that a search finds, the best first, each with its distance. If very many are
    /// equally alike, only some are returned.
    async fn tabular_search(&self, search: TabularSearch) -> Result<Vec<(f32, FoundTabular)>>;

    /// Renames if the version is still the expected one; the new version is one more. `Stale`,
    /// `NotFound(Tabular)`, `NotFound(Namespace)` if the destination is gone, `AlreadyExists(TabularName)` if the
    /// name is taken there.
    async fn tabular_rename(&self, rename: TabularRename, effects: Effects) -> Result<()>;

    /// Sets the protection if the version is still the expected one; the new version is one more. `Stale`, `NotFound`.
    async fn tabular_protect(
        &self,
        at: AtVersion,
        protection: Protection,
        now: Timestamp,
        effects: Effects,
    ) -> Result<()>;

    /// Removes a live table or view if its version is still the expected one. Its locations become free, except
    /// those that a task among the effects will empty. `Stale`, `NotFound`.
    async fn tabular_drop(&self, at: AtVersion, effects: Effects) -> Result<()>;
}
