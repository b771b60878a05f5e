//! Renames a table, within its namespace or into another one.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::{Catalog, Request, Result, tabular};

/// Renames the table at `from` to `to`.
pub async fn rename(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    from: &TabularPath,
    to: &TabularPath,
) -> Result<()> {
    tabular::rename(cx, request, (warehouse, TabularKind::Table), from, to).await
}
