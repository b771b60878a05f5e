//! Warehouses whose storage is a table bucket: a service that manages namespaces and tables, too.
//!
//! Each change is made in the bucket first and in the database second. If it stops between the two, a repeated
//! request finds it done in the bucket and goes on; a commit is taken in from the bucket by the next commit. Engines
//! read only what the database has.

mod drop;

use std::sync::Arc;

use model::{NamespacePath, TabularKind, TabularPath};
use objects::{
    BucketTable, BucketTableState, Location, TableBucket, TableBucketError, bucket_namespace,
};
use store::StoreError;

use crate::tabular::TabularTarget;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Result};

pub(crate) use drop::{Doomed, Dropped, check_files, drop_namespace, drop_table};

type Bucket = Arc<dyn TableBucket>;

/// Refuses kinds that a table bucket cannot hold: all but tables.
pub(crate) fn check_kind(warehouse: &Warehouse, kind: TabularKind) -> Result<()> {
    if kind == TabularKind::Table || !warehouse.profile.is_table_bucket() {
        return Ok(());
    }
    let message = format!(
        "the warehouse's storage is a table bucket, which holds no {kind}s: create the {kind} in another warehouse"
    );
    Err(CatalogError::new(ErrorKind::NotSupported, message))
}

/// In a table bucket, refuses a location that a client chose: the bucket decides where tables are.
pub(crate) fn refuse_location(warehouse: &Warehouse, location: &str) -> Result<()> {
    if !warehouse.profile.is_table_bucket() {
        return Ok(());
    }
    let message = format!(
        "location `{location}` cannot be chosen: the warehouse's storage is a table bucket, which decides where its tables are; leave it out"
    );
    Err(CatalogError::new(ErrorKind::InvalidLocation, message))
}

/// In a table bucket, refuses to move a namespace: the bucket knows it by its name.
pub(crate) fn check_move(warehouse: &Warehouse) -> Result<()> {
    if !warehouse.profile.is_table_bucket() {
        return Ok(());
    }
    let message = "the warehouse's storage is a table bucket, which cannot rename namespaces: create another one and rename the tables into it";
    Err(CatalogError::new(ErrorKind::NotSupported, message))
}

/// Creates the namespace in the bucket, if the storage is one.
pub(crate) async fn create_namespace(
    cx: &Catalog,
    warehouse: &Warehouse,
    path: &NamespacePath,
) -> Result<()> {
    let Some(bucket) = warehouse.table_bucket(cx).await? else {
        return Ok(());
    };
    let name = bucket_namespace(path)?;
    for level in path.levels() {
        bucket.check_name(level)?;
    }
    Ok(bucket.create_namespace(&name).await?)
}

/// Creates the table in the bucket and returns its location; `None` for other storage, where the catalog decides.
pub(crate) async fn place(
    cx: &Catalog,
    warehouse: &Warehouse,
    path: &TabularPath,
) -> Result<Option<Location>> {
    match warehouse.table_bucket(cx).await? {
        Some(bucket) => Ok(Some(
            Box::pin(create_table(cx, warehouse, bucket, path)).await?,
        )),
        None => Ok(None),
    }
}

async fn create_table(
    cx: &Catalog,
    warehouse: &Warehouse,
    bucket: &Bucket,
    path: &TabularPath,
) -> Result<Location> {
    let table = BucketTable::of(path)?;
    bucket.check_name(path.name.as_str())?;
    let made = bucket.create_table(&table).await;
    let made = made.map_err(|error| match error {
        TableBucketError::Missing(failure) => {
            let message = format!(
                "Namespace does not exist: {} is not in the table bucket ({failure})",
                path.namespace
            );
            CatalogError::new(ErrorKind::NoSuchNamespace, message)
        }
        other => other.into(),
    })?;
    if let Some(file) = &made.metadata_location {
        return Err(taken(path, file));
    }
    // SeaweedFS leaves a table that is renamed in the folder of its first name.
    let at = made.location.normalized().to_owned();
    let there = cx.lookup().tabular_find_by_location(warehouse.id(), at);
    if there.await?.is_some() {
        let message = format!(
            "table `{path}` would get the location `{}`, which belongs to a table that was renamed; choose another name",
            made.location
        );
        return Err(CatalogError::new(ErrorKind::LocationTaken, message));
    }
    Ok(made.location)
}

fn taken(path: &TabularPath, file: &str) -> CatalogError {
    let message = format!(
        "Table already exists: {path} is in the table bucket, but not in the catalog; register it with its metadata file \
         `{file}`, or delete it in the table bucket"
    );
    CatalogError::new(ErrorKind::AlreadyExists, message)
}

/// The outcome of publishing a metadata file to the bucket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Publication {
    /// The storage is no table bucket.
    None,
    /// The bucket has the change, even if the database does not get it.
    Done,
    /// The bucket has another metadata file, this one, than the one that the change is based on.
    Conflict(String),
}

impl Publication {
    pub(crate) fn is_done(&self) -> bool {
        *self == Self::Done
    }

    /// The error for a failure after the publication.
    pub(crate) fn then(&self, failure: CatalogError) -> CatalogError {
        if !self.is_done() {
            return failure;
        }
        let message = "the table bucket has the change, but the catalog could not record it; the next commit to the table will";
        CatalogError {
            source: Some(Box::new(failure)),
            ..CatalogError::new(ErrorKind::CommitStateUnknown, message)
        }
    }
}

/// Makes `file` the table's metadata file in the bucket, if its current one is `base`; `None` if it has none yet.
pub(crate) async fn publish(
    cx: &Catalog,
    warehouse: &Warehouse,
    path: &TabularPath,
    base: Option<&str>,
    file: &str,
) -> Result<Publication> {
    match warehouse.table_bucket(cx).await? {
        Some(bucket) => Box::pin(publish_in(bucket, path, base, file)).await,
        None => Ok(Publication::None),
    }
}

async fn publish_in(
    bucket: &Bucket,
    path: &TabularPath,
    base: Option<&str>,
    file: &str,
) -> Result<Publication> {
    let table = BucketTable::of(path)?;
    let now = find(bucket, &table).await?;
    match (base, now.metadata_location) {
        (base, now) if base == now.as_deref() => {}
        (None, Some(other)) => return Err(taken(path, &other)),
        (_, Some(other)) => return Ok(Publication::Conflict(other)),
        (_, None) => {
            let message = format!(
                "table `{path}` has no metadata in the table bucket any more, because another table has replaced it \
                 there; drop it in the catalog"
            );
            return Err(CatalogError::new(ErrorKind::CommitFailed, message));
        }
    }
    match bucket.publish(&table, &now.token, file).await {
        Ok(()) => Ok(Publication::Done),
        Err(TableBucketError::Conflict(failure)) => {
            let message = format!(
                "table `{path}` has been changed in the table bucket meanwhile ({failure}); refresh and try again"
            );
            Err(CatalogError::new(ErrorKind::CommitFailed, message))
        }
        Err(other) => Err(other.into()),
    }
}

/// In a table bucket, refuses to register another file than the table's current metadata in the bucket.
pub(crate) async fn check_registration(
    cx: &Catalog,
    warehouse: &Warehouse,
    path: &TabularPath,
    file: &str,
) -> Result<()> {
    let Some(bucket) = warehouse.table_bucket(cx).await? else {
        return Ok(());
    };
    let now = find(bucket, &BucketTable::of(path)?).await?;
    if now.metadata_location.as_deref() == Some(file) {
        return Ok(());
    }
    let message = format!(
        "metadata file `{file}` is not that of table `{path}` in the table bucket, which is {}",
        now.metadata_location.as_deref().unwrap_or("none yet")
    );
    Err(CatalogError::bad_request(message))
}

/// Renames the table in the bucket, if the storage is one. A rename that was already done there counts as done.
/// Returns whether the table's name in the bucket is now another one.
pub(crate) async fn rename(
    cx: &Catalog,
    source: &TabularTarget,
    from: &TabularPath,
    to: &TabularPath,
) -> Result<bool> {
    let Some(bucket) = source.warehouse.table_bucket(cx).await? else {
        return Ok(false);
    };
    bucket.check_name(to.name.as_str())?;
    let (old, new) = (BucketTable::of(from)?, BucketTable::of(to)?);
    if old == new {
        return Ok(false);
    }
    let (kind, why, failure) = match bucket.rename_table(&old, &new).await {
        Ok(()) => return Ok(true),
        Err(TableBucketError::Missing(failure)) => {
            (ErrorKind::NoSuchTable, "Table does not exist", failure)
        }
        Err(TableBucketError::Conflict(failure)) => {
            (ErrorKind::AlreadyExists, "Table already exists", failure)
        }
        Err(other) => return Err(other.into()),
    };
    if is_at(cx, source, bucket, &new).await? {
        return Ok(true);
    }
    let message = format!("Cannot rename {from} to {to}. {why} in the table bucket ({failure})");
    Err(CatalogError::new(kind, message))
}

/// Whether the table already has this name in the bucket: an earlier rename reached the bucket but not the database.
async fn is_at(
    cx: &Catalog,
    source: &TabularTarget,
    bucket: &Bucket,
    table: &BucketTable,
) -> Result<bool> {
    let row = cx
        .lookup()
        .tabular_load(source.warehouse.id(), source.id())
        .await?;
    match bucket.table(table).await {
        Ok(now) => Ok(now.metadata_location == Some(row.content.metadata_location)),
        Err(TableBucketError::Missing(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

/// Undoes in the bucket, as far as possible, a rename that the database has refused. Not if the table has lost its
/// old name in the catalog: then another request has made the same rename.
pub(crate) async fn rename_back(
    cx: &Catalog,
    source: &TabularTarget,
    from: &TabularPath,
    to: &TabularPath,
) {
    let back = async {
        if is_still(cx, source, from).await? {
            rename(cx, source, to, from).await?;
        }
        Ok::<_, CatalogError>(())
    };
    if let Err(error) = back.await {
        tracing::warn!(%error, %from, %to, "a table is renamed in its table bucket only");
    }
}

/// Whether the catalog still has the table under this name, in the namespace where it was found.
async fn is_still(cx: &Catalog, source: &TabularTarget, path: &TabularPath) -> Result<bool> {
    let row = cx
        .lookup()
        .tabular_load(source.warehouse.id(), source.id())
        .await;
    match row {
        Ok(row) => {
            Ok(row.namespace == source.namespace
                && model::fold(&row.name) == path.name.key().as_str())
        }
        Err(StoreError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn find(bucket: &Bucket, table: &BucketTable) -> Result<BucketTableState> {
    bucket.table(table).await.map_err(|error| match error {
        TableBucketError::Missing(failure) => {
            let message = format!(
                "the table bucket has no table `{table}` ({failure}): create the table through the \
                 catalog, or drop it in the catalog if it is left over"
            );
            CatalogError::new(ErrorKind::BadRequest, message)
        }
        other => other.into(),
    })
}

/// For errors that a use case does not expect; the expected ones are mapped where the bucket is called.
impl From<TableBucketError> for CatalogError {
    fn from(error: TableBucketError) -> Self {
        let (kind, retry_after) = match &error {
            TableBucketError::Nested { .. } | TableBucketError::Name { .. } => {
                (ErrorKind::BadRequest, None)
            }
            TableBucketError::Conflict(_) => (ErrorKind::ConcurrentUpdate, None),
            // Missing tables and namespaces are mapped where the bucket is called, so here the bucket itself is
            // missing.
            TableBucketError::Missing(_) | TableBucketError::Refused(_) => {
                (ErrorKind::InvalidStorage, None)
            }
            TableBucketError::Unavailable { retry_after, .. } => {
                (ErrorKind::Unavailable, *retry_after)
            }
            TableBucketError::OutcomeUnknown(_) => (ErrorKind::CommitStateUnknown, None),
        };
        Self {
            retry_after,
            ..Self::new(kind, error.to_string())
        }
    }
}
