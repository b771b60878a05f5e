//! Whether there is a view.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::tabular::{AtPath, TabularAction};
use crate::{Catalog, Request, Result};

/// Whether there is a view at the path; an error if not.
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
        TabularKind::View,
        action,
    )
    .await?;
    Ok(())
}
