//! Loads a view.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::tabular::TabularAction;
use crate::{Catalog, Loaded, Request, Result};

/// The view at the path.
pub async fn load(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<Loaded> {
    let action = TabularAction::GetMetadata;
    let (view, versioned) = cx
        .require_content(request, (warehouse, path), TabularKind::View, action)
        .await?;
    Ok(Loaded::of(&view.warehouse, view.id(), &versioned))
}
