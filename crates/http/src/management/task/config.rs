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

use crate::app::{App, to_the_end};
use crate::error::ApiResult;
use crate::extract::{Asked, Path, Posted};

/// How tasks are done in a queue.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct TaskQueueConfig {
    /// What only the queue knows. Of `task_log_cleanup`: `cleanup-period` and `retention-period`, ISO 8601 durations.
    #[schema(value_type = Object)]
    queue_config: Value,
    /// A worker that was not heard of for so long has lost its task.
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
    to_the_end(app.changes(), async move {
        catalog::task::set_queue_config(&app.catalog, &request, &owner, queue, config).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How soft-deleted tables and views are removed for good
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/task-queue/soft_deletion/config", tag = "tasks", operation_id = "get_task_queue_config_soft_deletion",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200, body = TaskQueueConfig)))]
pub(crate) async fn soft_deletion(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Asked(request): Asked,
) -> ApiResult<Json<TaskQueueConfig>> {
    answer(
        &app,
        &request,
        &Owner::Warehouse(id.into()),
        Queue::SoftDeletion,
    )
    .await
}

/// Change how soft-deleted tables and views are removed for good
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

/// How files are deleted
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/task-queue/tabular_purge/config", tag = "tasks", operation_id = "get_task_queue_config_tabular_purge",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200, body = TaskQueueConfig)))]
pub(crate) async fn tabular_purge(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Asked(request): Asked,
) -> ApiResult<Json<TaskQueueConfig>> {
    answer(
        &app,
        &request,
        &Owner::Warehouse(id.into()),
        Queue::TabularPurge,
    )
    .await
}

/// Change how files are deleted
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

/// How obsolete metadata files are deleted
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/task-queue/metadata_cleanup/config", tag = "tasks", operation_id = "get_task_queue_config_metadata_cleanup",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200, body = TaskQueueConfig)))]
pub(crate) async fn metadata_cleanup(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Asked(request): Asked,
) -> ApiResult<Json<TaskQueueConfig>> {
    answer(
        &app,
        &request,
        &Owner::Warehouse(id.into()),
        Queue::MetadataCleanup,
    )
    .await
}

/// Change how obsolete metadata files are deleted
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

/// How the log of ended tasks is cleaned up
#[utoipa::path(get, path = "/v1/project/task-queue/task_log_cleanup/config", tag = "tasks", operation_id = "get_project_task_queue_config_task_log_cleanup",
    responses((status = 200, body = TaskQueueConfig)))]
pub(crate) async fn task_log_cleanup(
    State(app): State<App>,
    Asked(request): Asked,
) -> ApiResult<Json<TaskQueueConfig>> {
    answer(&app, &request, &Owner::Project, Queue::TaskLogCleanup).await
}

/// Change how the log of ended tasks is cleaned up
#[utoipa::path(post, path = "/v1/project/task-queue/task_log_cleanup/config", tag = "tasks", operation_id = "set_project_task_queue_config_task_log_cleanup",
    request_body = TaskQueueConfig, responses((status = 204)))]
pub(crate) async fn set_task_log_cleanup(
    State(app): State<App>,
    posted: Posted<TaskQueueConfig>,
) -> ApiResult<StatusCode> {
    set(app, Owner::Project, Queue::TaskLogCleanup, posted).await
}
