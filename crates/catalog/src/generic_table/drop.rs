//! Drops a generic table.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::namespace::{Files, Protections};
use crate::{Catalog, Request, Result, tabular};

/// Drops the generic table at the path.
pub async fn drop(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
    options: (Files, Protections),
) -> Result<()> {
    let at = (warehouse, path, TabularKind::GenericTable);
    tabular::drop(cx, request, at, options).await
}
