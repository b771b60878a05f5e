//! Deletes the files of dropped tables and views.
//!
//! A task names a location of what was dropped. Its worker deletes what lies in that folder, page by page, so it can
//! be stopped at any time and run again; a folder beside it whose name begins alike is never touched. Each page is
//! deleted only if the task is still the worker's after the page was listed: once it has ended, the location may be another's.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::TryFutureExt;
use jobs::{Claim, WorkError, Worker};
use model::{TaskId, Timestamp, WarehouseId};
use objects::{Location, ObjectError, delete_prefix};
use serde::{Deserialize, Serialize};
use store::{NewTask, StoreError, TaskRow};

use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, Result};

/// The queue, named as today's Lakekeeper names it.
const QUEUE: &str = "tabular_purge";

#[derive(Serialize, Deserialize)]
struct Payload {
    location: String,
}

/// The tasks that delete the files in these locations, one for each that lies in no other of them. Until a task has
/// ended, the store gives its location to nobody else.
pub(crate) fn tasks(
    warehouse: WarehouseId,
    locations: &[String],
    now: Timestamp,
) -> Result<Vec<NewTask>> {
    let mut all = HashMap::new();
    for location in locations {
        let claimed = Location::parse_object(location)?;
        all.insert(claimed.normalized().to_owned(), location);
    }
    let is_outermost = |claimed: &str| {
        let mut around = claimed.match_indices('/').map(|(at, _)| claimed.get(..at));
        !around.any(|around| around.is_some_and(|around| all.contains_key(around)))
    };
    let outermost = all.iter().filter(|(claimed, _)| is_outermost(claimed));
    outermost
        .map(|(claimed, location)| {
            let location = (*location).clone();
            let payload = Payload { location };
            Ok(NewTask {
                id: TaskId::generate(),
                queue: QUEUE,
                warehouse,
                subject: claimed.clone(),
                payload: serde_json::to_string(&payload).map_err(CatalogError::internal)?,
                not_before: now,
            })
        })
        .collect()
}

/// Why a purge has ended too early.
enum Interruption {
    Files(ObjectError),
    Claim(WorkError),
}

impl From<ObjectError> for Interruption {
    fn from(error: ObjectError) -> Self {
        Self::Files(error)
    }
}

/// Does the tasks.
#[derive(Debug)]
pub struct PurgeWorker(pub Arc<Catalog>);

#[async_trait]
impl Worker for PurgeWorker {
    fn queue(&self) -> &'static str {
        QUEUE
    }

    async fn work(&self, task: &TaskRow, claim: &Claim) -> std::result::Result<String, WorkError> {
        let retry = |error: &dyn std::fmt::Display| WorkError::Retry(error.to_string());
        let payload: Payload = serde_json::from_str(&task.payload)
            .map_err(|error| WorkError::Hopeless(format!("payload: {error}")))?;
        let row = match self.0.lookup().warehouse_load(task.warehouse).await {
            Ok(row) => row,
            Err(StoreError::NotFound(_)) => {
                return Err(WorkError::Hopeless("the warehouse is gone".to_owned()));
            }
            Err(error) => return Err(retry(&error)),
        };
        let warehouse = Warehouse::of(row).map_err(|error| retry(&error))?;
        let location = within(&warehouse, &payload.location)
            .map_err(|error| WorkError::Hopeless(error.to_string()))?;
        let objects = warehouse
            .objects(&self.0)
            .await
            .map_err(|error| retry(&error))?;
        let confirm = || claim.confirm().map_err(Interruption::Claim);
        match delete_prefix(objects.as_ref(), &location, confirm).await {
            Ok(deleted) => Ok(format!("{deleted} files deleted")),
            Err(Interruption::Files(error)) => Err(retry(&error.report())),
            Err(Interruption::Claim(error)) => Err(error),
        }
    }
}

/// The location, if it lies in the warehouse and is not all of it.
fn within(warehouse: &Warehouse, location: &str) -> Result<Location> {
    let parsed = Location::parse_object(location)?;
    warehouse.profile.check_location(&parsed)?;
    if parsed == warehouse.profile.base_location() {
        return Err(CatalogError::bad_request(format!(
            "`{location}` is all of the warehouse"
        )));
    }
    Ok(parsed)
}
