//! Loads a view.

use model::{TabularKind, TabularPath, WarehouseId};

use crate::delegation::FolderAccess;
use crate::tabular::{AtPath, missing};
use crate::{Catalog, Loaded, Request, Result};

/// The view at the path.
pub async fn load(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<Loaded> {
    let at = AtPath { warehouse, path };
    let (judged, view, versioned) = cx.find_through(request, at, TabularKind::View).await?;
    let (view, access) = cx
        .require_visible(&judged, view)
        .await
        .map_err(|error| error.or_missing(|| missing(TabularKind::View, path)))?;
    let loaded = Loaded::of(&view.warehouse, view.id(), &versioned);
    Ok(loaded
        .with_access(FolderAccess::to(access, &versioned))
        .reached(&judged))
}
