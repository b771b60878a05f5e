//! Renames a generic table, within its namespace or into another one.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::{Catalog, Request, Result, tabular};

/// Renames the generic table at `from` to `to`. Its files stay where they are.
pub async fn rename(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    from: &TabularPath,
    to: &TabularPath,
) -> Result<()> {
    let at = (warehouse, TabularKind::GenericTable);
    tabular::rename(cx, request, at, from, to).await
}
