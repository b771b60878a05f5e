//! What is dropped from a table bucket goes by its name and with its files, and cannot be had back. So right before that it is
//! compared with the catalog once more.

use model::{NamespacePath, TabularId, TabularPath, Version};
use objects::{BucketTable, Location, TableBucketError, bucket_namespace};
use store::StoreError;

use super::Bucket;
use crate::namespace::Files;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Result};

/// A table that is to go, as the catalog had it when that was decided.
#[derive(Debug)]
pub(crate) struct Doomed {
    pub(crate) path: TabularPath,
    pub(crate) id: TabularId,
    pub(crate) version: Version,
    pub(crate) location: String,
}

/// What has become of a drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// There is no bucket.
    Elsewhere,
    /// The bucket does not have it any more.
    Gone,
    /// Something has changed since it was decided; what has not been dropped before that is as it was.
    Conflict,
}

/// Drops the table with its files from the bucket, if there is one.
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

/// Drops the namespace and these tables of it from the bucket, if there is one.
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
    // Another one may have got the name.
    let location = Location::parse(&doomed.location)?;
    if !there.location.is_within(&location) && !location.is_within(&there.location) {
        return Ok(Dropped::Conflict);
    }
    // It may be protected now, or somebody else's.
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

/// Refuses to keep the files of what is dropped from a table bucket.
pub(crate) fn check_files(warehouse: &Warehouse, files: Files) -> Result<()> {
    if files == Files::Purge || !warehouse.profile.is_table_bucket() {
        return Ok(());
    }
    let message = "the warehouse's storage is a table bucket, which drops tables only with their files: set `purgeRequested=true` (of a \
                   namespace `purge=true`), or unregister the table to keep it in the bucket";
    Err(CatalogError::bad_request(message))
}
