//! `POST …/task/control`.

use axum::extract::State;
use catalog::Request;
use catalog::task::Owner;
use http::StatusCode;
use model::TaskId;
use serde::Deserialize;
use store::TaskControl;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Path, Posted, time};

/// What to do with which tasks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ControlTasksRequest {
    action: ControlTaskAction,
    /// The ids of the tasks: at most 100, none twice.
    task_ids: Vec<Uuid>,
}

/// What to do with a task. A task that has ended is left as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action-type", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum ControlTaskAction {
    /// End the running attempt; the task is tried again later.
    Stop,
    /// End the task for good. Cancelling the deletion of a soft-deleted table or view undrops it.
    Cancel,
    /// Start the task now, if it is waiting.
    RunNow,
    /// Start the task at the given time (RFC 3339), if it is waiting.
    #[serde(rename_all = "kebab-case")]
    RunAt {
        #[serde(alias = "scheduled_for")]
        scheduled_for: String,
    },
}

async fn act(
    app: App,
    request: Request,
    owner: Owner,
    body: ControlTasksRequest,
) -> ApiResult<StatusCode> {
    let control = match body.action {
        ControlTaskAction::Stop => TaskControl::Stop,
        ControlTaskAction::Cancel => TaskControl::Cancel,
        ControlTaskAction::RunNow => TaskControl::RunAt(app.catalog.now()),
        ControlTaskAction::RunAt { scheduled_for } => {
            TaskControl::RunAt(time("scheduled-for", &scheduled_for)?)
        }
    };
    let ids = body.task_ids.into_iter().map(TaskId::from).collect();
    run_to_end(app.changes(), async move {
        catalog::task::control(&app.catalog, &request, &owner, ids, control).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stop, cancel or start tasks of a warehouse
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/task/control", tag = "tasks", operation_id = "control_tasks",
    params(("warehouse_id" = Uuid, Path)), request_body = ControlTasksRequest, responses((status = 204)))]
pub(crate) async fn of_warehouse(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<ControlTasksRequest>,
) -> ApiResult<StatusCode> {
    act(app, request, Owner::Warehouse(id.into()), body).await
}

/// Stop, cancel or start tasks of a project that belong to no warehouse
#[utoipa::path(post, path = "/v1/project/task/control", tag = "tasks", operation_id = "control_project_tasks",
    request_body = ControlTasksRequest, responses((status = 204)))]
pub(crate) async fn of_project(
    State(app): State<App>,
    Posted { request, body }: Posted<ControlTasksRequest>,
) -> ApiResult<StatusCode> {
    act(app, request, Owner::Project, body).await
}
