//! Drops from table buckets. A drop there goes by name, deletes the files and cannot be undone, so the table is
//! compared with the catalog once more right before.

use model::{NamespacePath, TabularId, TabularPath, Version};
use objects::{BucketTable, Location, TableBucketError, bucket_namespace};
use store::StoreError;

use super::Bucket;
use crate::namespace::Files;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Result};

/// A table to be dropped, as the catalog had it when the drop was decided.
#[derive(Debug)]
pub(crate) struct Doomed {
    pub(crate) path: TabularPath,
    pub(crate) id: TabularId,
    pub(crate) version: Version,
    pub(crate) location: String,
}

/// The outcome of a drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// The storage is no table bucket.
    Elsewhere,
    /// The bucket no longer has it.
    Gone,
    /// Something has changed since the drop was decided, and the rest was not dropped.
    Conflict,
}

/// Drops the table with its files from the bucket, if the storage is one.
pub(crate) async fn drop_table(
    cx: &Catalog,
    warehouse: &Warehouse,
    doomed: &Doomed,
    files: Files,
) -> Result<Dropped> {
    let Some(bucket) = warehouse.table_bucket(cx).await? else {
        return Ok(Dropped::Elsewhere);
    };
    check_files(warehouse, files)?;
    drop_one(cx, warehouse, bucket, doomed).await
}

/// Drops these tables and then their namespace from the bucket, if the storage is one.
pub(crate) async fn drop_namespace(
    cx: &Catalog,
    warehouse: &Warehouse,
    path: &NamespacePath,
    tables: &[Doomed],
) -> Result<Dropped> {
    let Some(bucket) = warehouse.table_bucket(cx).await? else {
        return Ok(Dropped::Elsewhere);
    };
    for table in tables {
        if drop_one(cx, warehouse, bucket, table).await? == Dropped::Conflict {
            return Ok(Dropped::Conflict);
        }
    }
    let dropped = bucket.drop_namespace(&bucket_namespace(path)?).await;
    dropped.map_err(|error| match error {
        TableBucketError::Conflict(failure) => {
            let message = format!(
                "Namespace {path} is not empty: the table bucket has tables in it that are not in the catalog ({failure})"
            );
            CatalogError::new(ErrorKind::NamespaceNotEmpty, message)
        }
        other => other.into(),
    })?;
    Ok(Dropped::Gone)
}

async fn drop_one(
    cx: &Catalog,
    warehouse: &Warehouse,
    bucket: &Bucket,
    doomed: &Doomed,
) -> Result<Dropped> {
    let table = BucketTable::of(&doomed.path)?;
    let there = match bucket.table(&table).await {
        Ok(there) => there,
        Err(TableBucketError::Missing(_)) => return Ok(Dropped::Gone),
        Err(error) => return Err(error.into()),
    };
    // Another table may have the name now.
    let location = Location::parse(&doomed.location)?;
    if !there.location.is_within(&location) && !location.is_within(&there.location) {
        return Ok(Dropped::Conflict);
    }
    // The table may be protected now, or have been dropped or renamed.
    match cx.lookup().tabular_load(warehouse.id(), doomed.id).await {
        Ok(row) if row.version == doomed.version => {}
        Ok(_) | Err(StoreError::NotFound(_)) => return Ok(Dropped::Conflict),
        Err(error) => return Err(error.into()),
    }
    match bucket.drop_table(&table, Some(&there.token)).await {
        Ok(()) => Ok(Dropped::Gone),
        Err(TableBucketError::Conflict(_)) => Ok(Dropped::Conflict),
        Err(error) => Err(error.into()),
    }
}

/// In a table bucket, refuses a drop that keeps the files.
pub(crate) fn check_files(warehouse: &Warehouse, files: Files) -> Result<()> {
    if files == Files::Purge || !warehouse.profile.is_table_bucket() {
        return Ok(());
    }
    let message = "the warehouse's storage is a table bucket, which drops tables only with their files: set `purgeRequested=true` (of a \
                   namespace `purge=true`), or unregister the table to keep it in the bucket";
    Err(CatalogError::bad_request(message))
}
