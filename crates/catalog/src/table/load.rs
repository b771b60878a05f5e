//! Loads a table.

use iceberg::TableMetadata;
use model::{TabularKind, TabularPath, WarehouseId};
use store::StoredMetadata;

use crate::delegation::FolderAccess;
use crate::heavy::heavy;
use crate::tabular::{AtPath, missing};
use crate::{Catalog, CatalogError, Loaded, Representation, Request, Result, files};

/// The table at the path.
pub async fn load(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
    representation: Representation,
) -> Result<Loaded> {
    let at = AtPath { warehouse, path };
    let (judged, table, versioned) = cx.find_through(request, at, TabularKind::Table).await?;
    let (table, access) = cx
        .require_visible(&judged, table)
        .await
        .map_err(|error| error.or_missing(|| missing(TabularKind::Table, path)))?;
    files::check_present(cx, &table.warehouse, &versioned).await?;
    let access = FolderAccess::to(access, &versioned).map(|to| to.at_path(&table.warehouse, path));
    let loaded = Loaded::of(&table.warehouse, table.id(), &versioned)
        .with_access(access)
        .reached(&judged);
    match representation {
        Representation::All => Ok(loaded),
        Representation::Refs => {
            let all = &versioned.content.metadata;
            let metadata = cx.metadata.refs(versioned.at_version(), || {
                heavy(all.json_len(), || refs_only(all))
            })?;
            Ok(loaded.refs_only(&versioned, metadata))
        }
    }
}

/// The metadata without the snapshots that no branch or tag points to.
fn refs_only(all: &StoredMetadata) -> Result<StoredMetadata> {
    let parsed = TableMetadata::parse(&all.decode()?).map_err(CatalogError::internal)?;
    Ok(StoredMetadata::encode(&parsed.to_json_refs_only()))
}
