//! What is seen and wanted of durable work.

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

/// Whose tasks.
#[derive(Debug, Clone)]
pub enum Owner {
    /// A warehouse's.
    Warehouse(WarehouseId),
    /// Those of the request's project as a whole.
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

/// What is asked for, of a warehouse or of a project.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    warehouse: WarehouseAction,
    project: ProjectAction,
    /// What will do where one may not ask it of the whole warehouse.
    tabular: TabularAction,
}

/// What somebody has done to tasks. The subject is the warehouse or the project whose they are.
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

/// The store, if the caller may do this to all tasks of the scope; or to those about each of these tables and views, if there is
/// nothing but them.
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
        // The warehouse is hidden from who has nothing there but what is soft-deleted.
        Some(ids) if is_denied(&refused) && !ids.is_empty() => {
            match require_each(cx, request, id, ids, wanted.tabular).await {
                Ok(proofs) => proofs
                    .first()
                    .map_or(Err(refused), |proof| Ok(cx.store(proof))),
                // There might be no such task: that is what is told then, too.
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

/// The tables and views that the tasks are about; none if one is about no table or view.
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
