//! The tasks API: lists, configures and controls background tasks.

mod config;
mod control;
mod details;
mod list;

pub use config::{Queue, QueueConfig, queue_config, set_queue_config};
pub use control::control;
pub use details::details;
pub use list::list;

use authz::{Action, ProjectAction, WarehouseAction};
use model::{Event, EventKind, ProjectId, TabularId, TaskId, WarehouseId};
use serde::Serialize;
use store::{Store, TaskInfo, TaskScope};

use crate::events::Cause;
use crate::project::{of_request, require};
use crate::tabular::{TabularAction, require_each};
use crate::warehouse::find;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events};

/// What the tasks belong to.
#[derive(Debug, Clone)]
pub enum Owner {
    /// A warehouse.
    Warehouse(WarehouseId),
    /// The request's project as a whole.
    Project,
}

impl Owner {
    fn scope(&self, cx: &Catalog, request: &Request) -> Result<TaskScope> {
        Ok(match self {
            Self::Warehouse(id) => TaskScope::Warehouse(*id),
            Self::Project => TaskScope::Project(of_request(cx, request)?),
        })
    }
}

/// The rights that an operation on tasks needs, for a warehouse or a project.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    warehouse: WarehouseAction,
    project: ProjectAction,
    /// The right on each table and view that is enough without the right on the whole warehouse.
    tabular: TabularAction,
}

/// The event of an operation on tasks. Its subject is the warehouse or project that the tasks belong to.
fn event(
    kind: EventKind,
    scope: &TaskScope,
    by: Cause<'_>,
    body: &impl Serialize,
) -> Result<Event> {
    match scope {
        TaskScope::Warehouse(id) => events::in_warehouse(kind, *id, id, by, body),
        TaskScope::Project(id) => events::of_server(kind, &id.as_str(), by, body),
    }
}

const SEE: Wanted = Wanted {
    warehouse: WarehouseAction::GetAllTasks,
    project: ProjectAction::GetProjectTasks,
    tabular: TabularAction::GetTasks,
};

const CONTROL: Wanted = Wanted {
    warehouse: WarehouseAction::ControlAllTasks,
    project: ProjectAction::ControlProjectTasks,
    tabular: TabularAction::ControlTasks,
};

/// The store, if the caller has the right on all tasks of the scope or, if the operation concerns only tasks of
/// `tabulars`, on each of these tables and views.
async fn store_for<'a>(
    cx: &'a Catalog,
    request: &Request,
    scope: &TaskScope,
    wanted: Wanted,
    tabulars: Option<&[TabularId]>,
) -> Result<&'a dyn Store> {
    let id = match scope {
        TaskScope::Project(id) => return of_project(cx, request, id, wanted.project).await,
        TaskScope::Warehouse(id) => *id,
    };
    let action = Action::Warehouse(wanted.warehouse);
    let refused = match cx.require(request, action, find(cx, id).await?).await {
        Ok(proof) => return Ok(cx.store(&proof)),
        Err(error) => error,
    };
    match tabulars {
        // The denial may read "hidden": a warehouse is hidden from a caller whose only rights are on soft-deleted
        // things.
        Some(ids) if is_denied(&refused) && !ids.is_empty() => {
            match require_each(cx, request, id, ids, wanted.tabular).await {
                Ok(proofs) => proofs
                    .first()
                    .map_or(Err(refused), |proof| Ok(cx.store(proof))),
                // Answered like a missing task: by the refusal for the warehouse.
                Err(error) if error.kind.is_missing() => Err(refused),
                Err(error) => Err(error),
            }
        }
        _ => Err(refused),
    }
}

fn is_denied(error: &CatalogError) -> bool {
    error.is_hidden || matches!(error.kind, ErrorKind::Forbidden(_))
}

async fn of_project<'a>(
    cx: &'a Catalog,
    request: &Request,
    id: &ProjectId,
    action: ProjectAction,
) -> Result<&'a dyn Store> {
    let proof = require(cx, request, id, action).await?;
    Ok(cx.store(&proof))
}

/// The tables and views that the tasks are about; `None` if a task is not about a table or view.
fn tabulars_of(tasks: &[TaskInfo]) -> Option<Vec<TabularId>> {
    let mut ids: Vec<_> = tasks
        .iter()
        .map(|task| task.tabular.as_ref().map(|tabular| tabular.id))
        .collect::<Option<_>>()?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

fn missing(id: TaskId) -> CatalogError {
    CatalogError::new(ErrorKind::NoSuchTask, format!("Task does not exist: {id}"))
}
