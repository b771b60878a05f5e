//! Soft deletion: decides how a drop removes, and removes for good what was soft-deleted once its grace period is
//! over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jobs::{Claim, WorkError, Worker};
use model::{Timestamp, WarehouseId};
use serde::Deserialize;
use serde_json::json;
use store::{
    AtVersion, DropMode, Effects, Expiry, NewTask, SOFT_DELETION, SoftDrop, TaskRow, TaskScope,
    TaskTabular,
};

use crate::namespace::{Files, Protections};
use crate::purge::{self, PurgeTarget};
use crate::tabular::DropOptions;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError};

/// How long after an expiry task has failed for good the next one is due.
const NEXT: Duration = Duration::from_hours(24);

/// How a drop removes tables and views, and until when a soft drop can be undone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removal {
    pub(crate) mode: DropMode,
    expires_at: Timestamp,
}

impl Removal {
    /// By the warehouse's delete profile; a hard drop if the caller uses force.
    pub(crate) fn of(
        warehouse: &Warehouse,
        DropOptions { files, protections }: DropOptions,
        now: Timestamp,
    ) -> Self {
        let grace = match protections {
            Protections::Respect => warehouse.settings.delete_profile.grace(),
            Protections::Override => None,
        };
        let expiry = Expiry::from(files == Files::Purge);
        match grace {
            None => Self::hard(now),
            Some(grace) => Self {
                mode: DropMode::Soft(SoftDrop { at: now, expiry }),
                expires_at: now.plus(grace),
            },
        }
    }

    /// A hard drop: removed at once.
    pub(crate) const fn hard(now: Timestamp) -> Self {
        Self {
            mode: DropMode::Hard,
            expires_at: now,
        }
    }

    /// The task that removes the soft-deleted table or view for good; `None` after a hard drop.
    pub(crate) fn task(
        self,
        warehouse: WarehouseId,
        expiry: Expiry,
        tabular: impl FnOnce() -> TaskTabular,
    ) -> Option<NewTask> {
        let DropMode::Soft(SoftDrop { at, .. }) = self.mode else {
            return None;
        };
        Some(NewTask {
            tabular: Some(tabular()),
            payload: json!({ "purge": bool::from(expiry) }).to_string(),
            not_before: self.expires_at,
            ..NewTask::new(SOFT_DELETION, TaskScope::Warehouse(warehouse), at)
        })
    }
}

#[derive(Deserialize)]
struct Payload {
    purge: bool,
}

/// Executes the soft-deletion tasks.
#[derive(Debug)]
pub struct ExpiryWorker(pub Arc<Catalog>);

#[async_trait]
impl Worker for ExpiryWorker {
    fn queue(&self) -> &'static str {
        SOFT_DELETION
    }

    async fn work(&self, task: &TaskRow, claim: &Claim) -> Result<String, WorkError> {
        let (TaskScope::Warehouse(warehouse), Some(tabular)) = (&task.scope, &task.tabular) else {
            let message = "the task names no table or view of a warehouse";
            return Err(WorkError::Hopeless(message.to_owned()));
        };
        let store = self.0.background();
        let found = store.deleted_find(*warehouse, vec![tabular.id]).await;
        let Some(found) = found?.into_iter().next() else {
            return Ok("the table or view is not soft-deleted any more".to_owned());
        };
        let payload: Payload = serde_json::from_str(&task.payload)
            .map_err(|error| WorkError::Hopeless(format!("payload: {error}")))?;
        let tasks = match Expiry::from(payload.purge) {
            Expiry::Keep => Vec::new(),
            Expiry::Purge => {
                let places = store.tabular_former_locations(vec![found.id]).await;
                let mut places = places?;
                places.push(found.location);
                let places = PurgeTarget::all_of(places, tabular);
                let tasks = purge::tasks(*warehouse, &places, self.0.now());
                tasks.map_err(|error: CatalogError| WorkError::Hopeless(error.to_string()))?
            }
        };
        let tasks: Vec<_> = tasks
            .into_iter()
            .map(|purge| NewTask {
                parent: Some(task.id),
                ..purge
            })
            .collect();
        let queued = tasks.len();
        // An undrop in the meantime has ended this task and changed the version: then `confirm` or `deleted_expire`
        // refuses.
        claim.confirm().await?;
        let effects = Effects {
            tasks,
            ..Effects::none()
        };
        match store
            .deleted_expire(AtVersion::of(found.id, found.version), effects)
            .await
        {
            Ok(()) if queued == 0 => Ok("removed; its files stay".to_owned()),
            Ok(()) => Ok("removed; its files are deleted by another task".to_owned()),
            Err(error) => Err(error.into()),
        }
    }

    /// What is soft-deleted always has a task: without one it would stay hidden for ever, with its locations in use.
    fn successor(&self, task: &TaskRow, now: Timestamp) -> Option<NewTask> {
        let tabular = task.tabular.clone()?;
        Some(NewTask {
            parent: Some(task.id),
            tabular: Some(tabular),
            payload: task.payload.clone(),
            not_before: now.plus(NEXT),
            ..NewTask::new(SOFT_DELETION, task.scope.clone(), now)
        })
    }
}
