//! Loads a generic table.

use model::{TabularKind, TabularPath, WarehouseId};

use super::described::GenericTable;
use crate::delegation::FolderAccess;
use crate::tabular::{AtPath, missing};
use crate::{Catalog, Loaded, Request, Result};

/// The generic table at the path, and how the caller may access its files.
pub async fn load(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<(GenericTable, Loaded)> {
    let at = AtPath { warehouse, path };
    let (judged, table, versioned) = cx
        .find_through(request, at, TabularKind::GenericTable)
        .await?;
    let (table, access) = cx
        .require_visible(&judged, table)
        .await
        .map_err(|error| error.or_missing(|| missing(TabularKind::GenericTable, path)))?;
    let access = FolderAccess::to(access, &versioned);
    let loaded = Loaded::of(&table.warehouse, table.id(), &versioned);
    let loaded = loaded.with_access(access).reached(&judged);
    let (name, protection) = (path.name.as_str().to_owned(), table.stamp.protection);
    let table = GenericTable::of(name, protection, &versioned.content)?;
    Ok((table, loaded))
}
