//! Protects a generic table from being dropped.

use model::{TabularId, TabularKind, WarehouseId};
use store::Protection;

use crate::namespace::Protected;
use crate::{Catalog, Request, Result, tabular};

const KIND: TabularKind = TabularKind::GenericTable;

/// Whether the generic table is protected.
pub async fn protection(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    id: TabularId,
) -> Result<Protected> {
    tabular::protection(cx, request, (warehouse, id, KIND)).await
}

/// Sets whether the generic table is protected.
pub async fn protect(
    cx: &Catalog,
    request: &Request,
    (warehouse, id): (WarehouseId, TabularId),
    protection: Protection,
) -> Result<Protected> {
    tabular::protect(cx, request, (warehouse, id, KIND), protection).await
}
