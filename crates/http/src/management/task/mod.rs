//! Operations on tasks, the work that the catalog does in the background.

pub(super) mod config;
pub(super) mod control;
pub(super) mod details;
pub(super) mod list;

use model::{TabularKind, TaskId};
use serde::Serialize;
use store::{TaskInfo, TaskScope, TaskTabular};
use utoipa::ToSchema;
use uuid::Uuid;

/// A task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TaskInfoResponse {
    task_id: Uuid,
    project_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    warehouse_id: Option<Uuid>,
    queue_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<TaskEntity>,
    /// The levels of the namespace, and the name, of the table or view when the task was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_name: Option<Vec<String>>,
    /// `RUNNING`, `SCHEDULED`, `STOPPING`, `CANCELLED`, `SUCCESS` or `FAILED`.
    status: &'static str,
    scheduled_for: String,
    picked_up_at: Option<String>,
    /// How many times the task was started.
    attempt: u32,
    last_heartbeat_at: Option<String>,
    /// From 0 to 1.
    progress: f32,
    /// The task that created this one, if any.
    parent_task_id: Option<Uuid>,
    created_at: String,
    updated_at: Option<String>,
}

/// The table or view that a task is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum TaskEntity {
    /// A table.
    #[serde(rename_all = "kebab-case")]
    Table { table_id: Uuid },
    /// A view.
    #[serde(rename_all = "kebab-case")]
    View { view_id: Uuid },
    /// A generic table.
    #[serde(rename_all = "kebab-case")]
    GenericTable { generic_table_id: Uuid },
}

impl TaskEntity {
    const fn of(tabular: &TaskTabular) -> Self {
        let id = tabular.id.as_uuid();
        match tabular.kind {
            TabularKind::Table => Self::Table { table_id: id },
            TabularKind::View => Self::View { view_id: id },
            TabularKind::GenericTable => Self::GenericTable {
                generic_table_id: id,
            },
        }
    }
}

impl From<TaskInfo> for TaskInfoResponse {
    fn from(task: TaskInfo) -> Self {
        let warehouse_id = match task.scope {
            TaskScope::Warehouse(id) => Some(id.as_uuid()),
            TaskScope::Project(_) => None,
        };
        Self {
            task_id: task.id.as_uuid(),
            project_id: task.project.into(),
            warehouse_id,
            queue_name: task.queue,
            entity: task.tabular.as_ref().map(TaskEntity::of),
            entity_name: task.tabular.map(|tabular| tabular.path),
            status: task.status.as_str(),
            scheduled_for: task.scheduled_for.to_string(),
            picked_up_at: task.picked_up_at.map(|at| at.to_string()),
            attempt: task.attempt,
            last_heartbeat_at: task.heartbeat_at.map(|at| at.to_string()),
            progress: task.progress,
            parent_task_id: task.parent.map(TaskId::as_uuid),
            created_at: task.created_at.to_string(),
            updated_at: task.updated_at.map(|at| at.to_string()),
        }
    }
}
