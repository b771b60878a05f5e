//! Deletes the files of dropped tables and views.
//!
//! A task names one location of a dropped table or view. The worker deletes that folder page by page, so it can be
//! stopped at any time and run again; a sibling folder whose name starts the same is not touched. Before each page is
//! deleted, the worker confirms that it still has the task: once the task has ended, the location may belong to
//! something else.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::TryFutureExt;
use jobs::{Claim, WorkError, Worker};
use model::{Timestamp, WarehouseId};
use objects::{Deleted, Location, ObjectError, Objects, delete_prefix};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{NewTask, StoreError, TABULAR_PURGE, TaskReport, TaskRow, TaskScope, TaskTabular};

use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, Result};

#[derive(Serialize, Deserialize)]
struct Payload {
    location: String,
}

/// A location to be emptied, and the table or view that it belonged to, if that is known.
pub(crate) struct PurgeTarget {
    pub(crate) location: String,
    pub(crate) of: Option<TaskTabular>,
}

impl PurgeTarget {
    /// Several locations of one table or view.
    pub(crate) fn all_of(locations: Vec<String>, of: &TaskTabular) -> Vec<Self> {
        let of = |location| Self {
            location,
            of: Some(of.clone()),
        };
        locations.into_iter().map(of).collect()
    }
}

/// The tasks that delete the files in these locations; locations within another one of them get no task of their own.
/// Until a task has ended, the store gives its location to nothing else.
pub(crate) fn tasks(
    warehouse: WarehouseId,
    places: &[PurgeTarget],
    now: Timestamp,
) -> Result<Vec<NewTask>> {
    let mut all = HashMap::new();
    for place in places {
        let claimed = Location::parse_object(&place.location)?;
        all.insert(claimed.normalized().to_owned(), place);
    }
    let is_outermost = |claimed: &str| {
        let mut around = claimed.match_indices('/').map(|(at, _)| claimed.get(..at));
        !around.any(|around| around.is_some_and(|around| all.contains_key(around)))
    };
    let outermost = all.iter().filter(|(claimed, _)| is_outermost(claimed));
    outermost
        .map(|(claimed, place)| {
            let location = place.location.clone();
            let payload = Payload { location };
            Ok(NewTask {
                tabular: place.of.clone(),
                subject: claimed.clone(),
                payload: serde_json::to_string(&payload).map_err(CatalogError::internal)?,
                ..NewTask::new(TABULAR_PURGE, TaskScope::Warehouse(warehouse), now)
            })
        })
        .collect()
}

/// Why a purge stopped early.
enum Interruption {
    Files(ObjectError),
    Claim(WorkError),
}

impl From<ObjectError> for Interruption {
    fn from(error: ObjectError) -> Self {
        Self::Files(error)
    }
}

/// Executes the purge tasks.
#[derive(Debug)]
pub struct PurgeWorker(pub Arc<Catalog>);

#[async_trait]
impl Worker for PurgeWorker {
    fn queue(&self) -> &'static str {
        TABULAR_PURGE
    }

    async fn work(&self, task: &TaskRow, claim: &Claim) -> std::result::Result<String, WorkError> {
        let payload: Payload = serde_json::from_str(&task.payload)
            .map_err(|error| WorkError::Hopeless(format!("payload: {error}")))?;
        let (warehouse, objects) = storage_of(&self.0, task).await?;
        let location = within(&warehouse, &payload.location)
            .map_err(|error| WorkError::Hopeless(error.to_string()))?;
        let confirm = |deleted| {
            claim.report(report(deleted, 0.0));
            claim.confirm().map_err(Interruption::Claim)
        };
        match delete_prefix(objects.as_ref(), &location, confirm).await {
            Ok(deleted) => {
                claim.report(report(deleted, 1.0));
                let Deleted { files, bytes } = deleted;
                Ok(format!("{files} files with {bytes} bytes deleted"))
            }
            Err(Interruption::Files(error @ ObjectError::Unaddressable { .. })) => {
                Err(WorkError::Hopeless(error.report()))
            }
            Err(Interruption::Files(error)) => Err(WorkError::Retry(error.report())),
            Err(Interruption::Claim(error)) => Err(error),
        }
    }
}

/// The warehouse that the task belongs to, and its storage.
pub(crate) async fn storage_of(
    cx: &Catalog,
    task: &TaskRow,
) -> std::result::Result<(Arc<Warehouse>, Arc<dyn Objects>), WorkError> {
    let retry = |error: CatalogError| WorkError::Retry(error.to_string());
    let TaskScope::Warehouse(id) = task.scope else {
        return Err(WorkError::Hopeless(
            "the task names no warehouse".to_owned(),
        ));
    };
    let row = match cx.background().warehouse_load(id).await {
        Ok(row) => row,
        Err(StoreError::NotFound(_)) => {
            return Err(WorkError::Hopeless("the warehouse is gone".to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    // The cached value that requests use, too: its storage is already open.
    let warehouse = cx.warehouses.put(row).map_err(retry)?;
    let objects = Arc::clone(warehouse.objects(cx).await.map_err(retry)?);
    Ok((warehouse, objects))
}

/// The report of a task. `progress` is 0 until the last page, then 1: the number of remaining files is not known
/// before.
fn report(deleted: Deleted, progress: f32) -> TaskReport {
    let details = json!({ "files-deleted": deleted.files, "bytes-deleted": deleted.bytes });
    TaskReport {
        progress,
        details: details.to_string(),
    }
}

/// The location, if it lies in the warehouse and is not the warehouse's base location.
fn within(warehouse: &Warehouse, location: &str) -> Result<Location> {
    let parsed = Location::parse_object(location)?;
    warehouse.profile.check_location(&parsed)?;
    if parsed == warehouse.profile.base_location() {
        return Err(CatalogError::bad_request(format!(
            "`{location}` is the base location of the warehouse"
        )));
    }
    Ok(parsed)
}
