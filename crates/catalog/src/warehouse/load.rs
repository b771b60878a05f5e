//! Loads a warehouse.

use authz::{Action, InWarehouse, Protected, Resource, WarehouseAction};
use model::WarehouseId;
use objects::StorageProfile;
use store::{StoreError, WarehouseRow};

use super::{Warehouse, WarehouseSettings};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// A warehouse as the management API shows it. Never holds a credential.
#[derive(Debug)]
pub struct WarehouseView {
    /// Its row.
    pub row: WarehouseRow,
    /// Its storage.
    pub profile: StorageProfile,
    /// Its settings.
    pub settings: WarehouseSettings,
}

impl TryFrom<WarehouseRow> for WarehouseView {
    type Error = CatalogError;

    fn try_from(row: WarehouseRow) -> Result<Self> {
        let Warehouse {
            row,
            profile,
            settings,
            ..
        } = Warehouse::of(row)?;
        Ok(Self {
            row,
            profile,
            settings,
        })
    }
}

/// A warehouse's row as the target of a request.
#[derive(Debug, Clone)]
pub(crate) struct WarehouseTarget(pub(crate) WarehouseRow);

impl Protected for WarehouseTarget {
    fn resource(&self) -> Resource {
        Resource::Warehouse(InWarehouse {
            id: self.0.id,
            project: self.0.project.clone(),
            grants: self.0.grants,
        })
    }
}

/// The error for a missing warehouse.
pub(crate) fn missing(id: WarehouseId) -> CatalogError {
    let message = format!("Warehouse does not exist: {id}");
    CatalogError::new(ErrorKind::NoSuchWarehouse, message)
}

/// The row, active or not, before the caller's rights are checked.
pub(crate) async fn find(cx: &Catalog, id: WarehouseId) -> Result<WarehouseTarget> {
    match cx.lookup().warehouse_load(id).await {
        Ok(row) => Ok(WarehouseTarget(row)),
        Err(StoreError::NotFound(_)) => Err(missing(id)),
        Err(error) => Err(error.into()),
    }
}

/// The warehouse, active or not.
pub async fn load(cx: &Catalog, request: &Request, id: WarehouseId) -> Result<WarehouseView> {
    let action = Action::Warehouse(WarehouseAction::GetMetadata);
    let target = cx.require(request, action, find(cx, id).await?).await?;
    target.into_inner().0.try_into()
}
