//! Renames a view, within its namespace or into another one.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::{Catalog, Request, Result, tabular};

/// Renames the view at `from` to `to`.
pub async fn rename(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    from: &TabularPath,
    to: &TabularPath,
) -> Result<()> {
    tabular::rename(cx, request, (warehouse, TabularKind::View), from, to).await
}
