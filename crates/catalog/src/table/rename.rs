//! Renames a table, within its namespace or into another one.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::tabular::{self, AtPath};
use crate::{Catalog, Request, Result};

/// Renames the table at `from` to `to`.
pub async fn rename(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    from: &TabularPath,
    to: &TabularPath,
) -> Result<()> {
    let from = AtPath {
        warehouse,
        path: from,
    };
    tabular::rename(cx, request, from, to, TabularKind::Table).await
}
