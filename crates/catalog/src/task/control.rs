//! Stops, cancels and starts tasks.

use std::collections::HashSet;

use model::{Bounds, EventKind, TaskId};
use serde_json::{Value, json};
use store::{Effects, SOFT_DELETION, TaskControl, TaskInfo, TaskScope, TaskStatus};

use super::{CONTROL, Owner, event, missing, store_for, tabulars_of};
use crate::tabular::{TabularAction, require_each, undrop_authorized};
use crate::{Catalog, CatalogError, Request, Result};

/// Stops, cancels or starts all of the tasks. Tasks that have ended are not affected. Cancelling the final removal of
/// a soft-deleted table undrops the table, and needs the right to.
pub async fn control(
    cx: &Catalog,
    request: &Request,
    owner: &Owner,
    ids: Vec<TaskId>,
    control: TaskControl,
) -> Result<()> {
    let scope = owner.scope(cx, request)?;
    let (count, max) = (ids.len(), Bounds::TASKS_PER_REQUEST);
    if count > max {
        let message = format!("{count} tasks are too many for one request; {max} are allowed");
        return Err(CatalogError::bad_request(message));
    }
    let mut all = HashSet::new();
    if let Some(twin) = ids.iter().find(|id| !all.insert(**id)) {
        let message = format!("task `{twin}` is given more than once");
        return Err(CatalogError::bad_request(message));
    }
    let found = cx.lookup().task_find(&scope, ids.clone()).await?;
    let tabulars = tabulars_of(&found);
    let store = store_for(cx, request, &scope, CONTROL, tabulars.as_deref()).await?;
    let is_found = |id: &&TaskId| found.iter().any(|task| task.id == **id);
    if let Some(id) = ids.iter().find(|id| !is_found(id)) {
        return Err(missing(*id));
    }
    if control == TaskControl::Cancel {
        undrop(cx, request, &scope, &found).await?;
    }
    let now = cx.now();
    let body = json!({ "task-ids": ids, "action": shown(control) });
    let told = event(EventKind::ControlTasks, &scope, request.at(now), &body)?;
    let effects = Effects::telling([told]);
    Ok(store
        .task_control(&scope, ids, (control, now), effects)
        .await?)
}

/// As the management API spells it.
fn shown(control: TaskControl) -> Value {
    match control {
        TaskControl::Stop => json!({ "action-type": "stop" }),
        TaskControl::Cancel => json!({ "action-type": "cancel" }),
        TaskControl::RunAt(at) => {
            json!({ "action-type": "run-at", "scheduled-for": at.to_string() })
        }
    }
}

/// Undrops the tables whose final removal is to be cancelled: without the task they would stay soft-deleted for ever.
/// The undrop also ends the task.
async fn undrop(
    cx: &Catalog,
    request: &Request,
    scope: &TaskScope,
    tasks: &[TaskInfo],
) -> Result<()> {
    let TaskScope::Warehouse(warehouse) = scope else {
        return Ok(());
    };
    let waiting = tasks.iter().filter(|task| {
        let has_ended = [
            TaskStatus::Cancelled,
            TaskStatus::Success,
            TaskStatus::Failed,
        ];
        task.queue == SOFT_DELETION && !has_ended.contains(&task.status)
    });
    let ids = waiting.filter_map(|task| Some(task.tabular.as_ref()?.id));
    let ids: Vec<_> = ids.collect();
    let action = TabularAction::Undrop;
    let allowed = require_each(cx, request, *warehouse, &ids, action).await?;
    undrop_authorized(cx, request, *warehouse, &allowed).await
}
