//! Drops a table.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::tabular::{self, AtPath, DropOptions};
use crate::{Catalog, Request, Result};

/// Drops the table at the path.
pub async fn drop(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
    options: DropOptions,
) -> Result<()> {
    tabular::drop(
        cx,
        request,
        AtPath { warehouse, path },
        TabularKind::Table,
        options,
    )
    .await
}
