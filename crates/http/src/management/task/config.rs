//! `…/task-queue/{queue}/config`.

use axum::Json;
use axum::extract::State;
use catalog::Request;
use catalog::task::{Owner, Queue, QueueConfig};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Path, Posted, ReadRequest};

/// How tasks of a queue are performed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct TaskQueueConfig {
    /// The settings of this kind of queue. `task_log_cleanup` has `cleanup-period` and `retention-period`, ISO 8601
    /// durations; the others have none: `{}`.
    #[schema(value_type = Object)]
    queue_config: Value,
    /// After so many seconds without a heartbeat, a worker loses its task, and another worker may take it: 30 to 86400.
    max_seconds_since_last_heartbeat: Option<i64>,
}

async fn answer(
    app: &App,
    request: &Request,
    owner: &Owner,
    queue: Queue,
) -> ApiResult<Json<TaskQueueConfig>> {
    let found = catalog::task::queue_config(&app.catalog, request, owner, queue).await?;
    Ok(Json(TaskQueueConfig {
        queue_config: found.config,
        max_seconds_since_last_heartbeat: found.max_heartbeat_age,
    }))
}

async fn set(
    app: App,
    owner: Owner,
    queue: Queue,
    Posted { request, body }: Posted<TaskQueueConfig>,
) -> ApiResult<StatusCode> {
    let config = QueueConfig {
        config: body.queue_config,
        max_heartbeat_age: body.max_seconds_since_last_heartbeat,
    };
    run_to_end(app.changes(), async move {
        catalog::task::set_queue_config(&app.catalog, &request, &owner, queue, config).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get the configuration of the queue that deletes soft-deleted tables and views for good
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/task-queue/soft_deletion/config", tag = "tasks", operation_id = "get_task_queue_config_soft_deletion",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200, body = TaskQueueConfig)))]
pub(crate) async fn soft_deletion(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    ReadRequest(request): ReadRequest,
) -> ApiResult<Json<TaskQueueConfig>> {
    answer(
        &app,
        &request,
        &Owner::Warehouse(id.into()),
        Queue::SoftDeletion,
    )
    .await
}

/// Set the configuration of the queue that deletes soft-deleted tables and views for good
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/task-queue/soft_deletion/config", tag = "tasks", operation_id = "set_task_queue_config_soft_deletion",
    params(("warehouse_id" = Uuid, Path)), request_body = TaskQueueConfig, responses((status = 204)))]
pub(crate) async fn set_soft_deletion(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    posted: Posted<TaskQueueConfig>,
) -> ApiResult<StatusCode> {
    set(
        app,
        Owner::Warehouse(id.into()),
        Queue::SoftDeletion,
        posted,
    )
    .await
}

/// Get the configuration of the queue that deletes the files of dropped tables and views
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/task-queue/tabular_purge/config", tag = "tasks", operation_id = "get_task_queue_config_tabular_purge",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200, body = TaskQueueConfig)))]
pub(crate) async fn tabular_purge(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    ReadRequest(request): ReadRequest,
) -> ApiResult<Json<TaskQueueConfig>> {
    answer(
        &app,
        &request,
        &Owner::Warehouse(id.into()),
        Queue::TabularPurge,
    )
    .await
}

/// Set the configuration of the queue that deletes the files of dropped tables and views
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/task-queue/tabular_purge/config", tag = "tasks", operation_id = "set_task_queue_config_tabular_purge",
    params(("warehouse_id" = Uuid, Path)), request_body = TaskQueueConfig, responses((status = 204)))]
pub(crate) async fn set_tabular_purge(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    posted: Posted<TaskQueueConfig>,
) -> ApiResult<StatusCode> {
    set(
        app,
        Owner::Warehouse(id.into()),
        Queue::TabularPurge,
        posted,
    )
    .await
}

/// Get the configuration of the queue that deletes obsolete metadata files
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/task-queue/metadata_cleanup/config", tag = "tasks", operation_id = "get_task_queue_config_metadata_cleanup",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200, body = TaskQueueConfig)))]
pub(crate) async fn metadata_cleanup(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    ReadRequest(request): ReadRequest,
) -> ApiResult<Json<TaskQueueConfig>> {
    answer(
        &app,
        &request,
        &Owner::Warehouse(id.into()),
        Queue::MetadataCleanup,
    )
    .await
}

/// Set the configuration of the queue that deletes obsolete metadata files
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/task-queue/metadata_cleanup/config", tag = "tasks", operation_id = "set_task_queue_config_metadata_cleanup",
    params(("warehouse_id" = Uuid, Path)), request_body = TaskQueueConfig, responses((status = 204)))]
pub(crate) async fn set_metadata_cleanup(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    posted: Posted<TaskQueueConfig>,
) -> ApiResult<StatusCode> {
    set(
        app,
        Owner::Warehouse(id.into()),
        Queue::MetadataCleanup,
        posted,
    )
    .await
}

/// Get the configuration of the queue that removes ended tasks from the log
#[utoipa::path(get, path = "/v1/project/task-queue/task_log_cleanup/config", tag = "tasks", operation_id = "get_project_task_queue_config_task_log_cleanup",
    responses((status = 200, body = TaskQueueConfig)))]
pub(crate) async fn task_log_cleanup(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
) -> ApiResult<Json<TaskQueueConfig>> {
    answer(&app, &request, &Owner::Project, Queue::TaskLogCleanup).await
}

/// Set the configuration of the queue that removes ended tasks from the log
#[utoipa::path(post, path = "/v1/project/task-queue/task_log_cleanup/config", tag = "tasks", operation_id = "set_project_task_queue_config_task_log_cleanup",
    request_body = TaskQueueConfig, responses((status = 204)))]
pub(crate) async fn set_task_log_cleanup(
    State(app): State<App>,
    posted: Posted<TaskQueueConfig>,
) -> ApiResult<StatusCode> {
    set(app, Owner::Project, Queue::TaskLogCleanup, posted).await
}
