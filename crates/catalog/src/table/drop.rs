//! Drops a table.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::namespace::{Files, Protections};
use crate::{Catalog, Request, Result, tabular};

/// Drops the table at the path.
pub async fn drop(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
    options: (Files, Protections),
) -> Result<()> {
    tabular::drop(cx, request, (warehouse, path, TabularKind::Table), options).await
}
