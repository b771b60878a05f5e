//! Whether there is a table.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::tabular::{AtPath, TabularAction};
use crate::{Catalog, Request, Result};

/// Whether there is a table at the path; an error if not.
pub async fn exists(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<()> {
    let action = TabularAction::GetMetadata;
    cx.require_tabular(
        request,
        AtPath { warehouse, path },
        TabularKind::Table,
        action,
    )
    .await?;
    Ok(())
}
