//! Drops a generic table.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::tabular::{self, AtPath, DropOptions};
use crate::{Catalog, Request, Result};

/// Drops the generic table at the path.
pub async fn drop(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
    options: DropOptions,
) -> Result<()> {
    let at = AtPath { warehouse, path };
    tabular::drop(cx, request, at, TabularKind::GenericTable, options).await
}
