//! Warehouses hold namespaces and know where their files are.

use async_trait::async_trait;
use model::{Name, Page, PageRequest, ProjectId, SecretId, Timestamp, Version, WarehouseId};

use crate::{Effects, Protection, Result};

/// Whether the catalog API serves a warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WarehouseStatus {
    /// It is served.
    Active,
    /// It is not served: to clients of the catalog API it does not exist.
    Inactive,
}

impl WarehouseStatus {
    /// As stored and as the management API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// Parses what [`WarehouseStatus::as_str`] returned.
    pub fn from_stored(text: &str) -> Option<Self> {
        match text {
            "active" => Some(Self::Active),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// A warehouse.
#[derive(Debug, Clone)]
pub struct WarehouseRow {
    /// Its id.
    pub id: WarehouseId,
    /// The project that holds it.
    pub project: ProjectId,
    /// Its name; unique in its project without regard to case.
    pub name: Name,
    /// Whether it is served.
    pub status: WarehouseStatus,
    /// Whether it may be deleted.
    pub protection: Protection,
    /// Storage profile as JSON; opaque to the store.
    pub storage_profile: String,
    /// The address of its files, without a trailing `/`. It is the same whatever endpoint clients use to reach the
    /// storage. The base locations of two warehouses of an installation never overlap.
    pub base_location: String,
    /// The storage credential, if it needs one.
    pub storage_secret: Option<SecretId>,
    /// All other settings of the warehouse (delete profile, format versions, manager …) as JSON; opaque to the
    /// store.
    pub settings: String,
    /// How often it has changed.
    pub version: Version,
    /// Its grants version, which counts the changes of what principals may do in it: see
    /// [`Grants`](crate::Grants). An update keeps the stored value.
    pub grants: Version,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, if it was.
    pub updated_at: Option<Timestamp>,
}

/// Warehouses.
#[async_trait]
pub trait Warehouses {
    /// Creates a warehouse. `NotFound` if its project is gone, `AlreadyExists(WarehouseName)` if the name is taken
    /// in the project, `AlreadyExists(Warehouse)` if the id is taken, `LocationTaken` if its base location
    /// overlaps with that of another warehouse.
    async fn warehouse_create(&self, warehouse: WarehouseRow, effects: Effects) -> Result<()>;

    /// Loads a warehouse. `NotFound` if there is none.
    async fn warehouse_load(&self, id: WarehouseId) -> Result<WarehouseRow>;

    /// The warehouse with this name in the project, without regard to case.
    async fn warehouse_find(
        &self,
        project: &ProjectId,
        name: &Name,
    ) -> Result<Option<WarehouseRow>>;

    /// The base location of another warehouse of the installation with which this warehouse would overlap at
    /// `location`.
    async fn warehouse_overlapping(
        &self,
        warehouse: WarehouseId,
        location: &str,
    ) -> Result<Option<String>>;

    /// The warehouses of a project, sorted by name without regard to case.
    async fn warehouse_list(
        &self,
        project: &ProjectId,
        page: PageRequest,
    ) -> Result<Page<WarehouseRow>>;

    /// Replaces everything except id, project, creation time and grants version if the stored version is still
    /// `warehouse.version`; the new version is one more. `Stale` if the version differs, `NotFound` if the
    /// warehouse is gone, `AlreadyExists` if the new name is taken, `LocationTaken` if the new base location
    /// overlaps with that of another warehouse.
    async fn warehouse_update(&self, warehouse: WarehouseRow, effects: Effects) -> Result<()>;

    /// Removes the warehouse if it still has this version. `Stale` if it has not, `NotFound` if there is none,
    /// `NotEmpty` while it has namespaces or a purge of its files is pending.
    async fn warehouse_drop(
        &self,
        warehouse: (WarehouseId, Version),
        effects: Effects,
    ) -> Result<()>;
}
