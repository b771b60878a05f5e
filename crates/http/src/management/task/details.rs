//! `GET …/task/by-id/{task_id}`.

use axum::Json;
use axum::extract::State;
use catalog::task::Owner;
use catalog::{CatalogError, Request};
use model::print_iso_8601;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{TaskAttempt, TaskDetails};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::TaskInfoResponse;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Path, Query, ReadRequest};

/// The number of attempts in an answer if the request names none.
const ATTEMPTS: u32 = 5;

/// How much to answer about a task.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct GetTaskDetailsQuery {
    /// How many attempts before the current one to answer: 5 if absent, 100 at most.
    num_attempts: Option<u32>,
}

/// A task with its data and its past attempts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GetTaskDetailsResponse {
    #[serde(flatten)]
    task: TaskInfoResponse,
    #[schema(value_type = Object)]
    task_data: Value,
    #[schema(value_type = Option<Object>)]
    execution_details: Option<Value>,
    message: Option<String>,
    attempts: Vec<TaskAttemptResponse>,
}

/// An attempt that has ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TaskAttemptResponse {
    /// The number of the attempt, counted from 1.
    attempt: u32,
    status: &'static str,
    scheduled_for: String,
    started_at: Option<String>,
    /// How long the attempt took, an ISO 8601 duration such as `PT1M30S`.
    duration: Option<String>,
    message: Option<String>,
    created_at: String,
    /// From 0 to 1.
    progress: f32,
    #[schema(value_type = Option<Object>)]
    execution_details: Option<Value>,
}

fn json(text: &str) -> ApiResult<Value> {
    Ok(serde_json::from_str(text).map_err(CatalogError::internal)?)
}

impl TaskAttemptResponse {
    fn of(attempt: TaskAttempt) -> ApiResult<Self> {
        let started = attempt.started_at;
        let lasted = started.map(|started| attempt.ended_at.since(started));
        Ok(Self {
            attempt: attempt.attempt,
            status: attempt.status.as_str(),
            scheduled_for: attempt.scheduled_for.to_string(),
            started_at: started.map(|at| at.to_string()),
            duration: lasted.map(print_iso_8601),
            message: Some(attempt.message),
            created_at: attempt.created_at.to_string(),
            progress: attempt.progress,
            execution_details: attempt.details.as_deref().map(json).transpose()?,
        })
    }
}

async fn answer(
    app: &App,
    request: &Request,
    owner: &Owner,
    id: Uuid,
    query: GetTaskDetailsQuery,
) -> ApiResult<Json<GetTaskDetailsResponse>> {
    let most = query.num_attempts.unwrap_or(ATTEMPTS);
    let TaskDetails {
        info,
        payload,
        details,
        message,
        attempts,
    } = catalog::task::details(&app.catalog, request, owner, id.into(), most).await?;
    let attempts = attempts.into_iter().map(TaskAttemptResponse::of);
    Ok(Json(GetTaskDetailsResponse {
        task: info.into(),
        task_data: json(&payload)?,
        execution_details: details.as_deref().map(json).transpose()?,
        message,
        attempts: attempts.collect::<ApiResult<_>>()?,
    }))
}

/// Get the details of a task of a warehouse
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/task/by-id/{task_id}", tag = "tasks", operation_id = "get_task_details",
    params(("warehouse_id" = Uuid, Path), ("task_id" = Uuid, Path), GetTaskDetailsQuery), responses((status = 200, body = GetTaskDetailsResponse)))]
pub(crate) async fn of_warehouse(
    State(app): State<App>,
    Path((warehouse, id)): Path<(Uuid, Uuid)>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<GetTaskDetailsQuery>,
) -> ApiResult<Json<GetTaskDetailsResponse>> {
    let owner = Owner::Warehouse(warehouse.into());
    answer(&app, &request, &owner, id, query).await
}

/// Get the details of a task of a project that belongs to no warehouse
#[utoipa::path(get, path = "/v1/project/task/by-id/{task_id}", tag = "tasks", operation_id = "get_project_task_details",
    params(("task_id" = Uuid, Path), GetTaskDetailsQuery), responses((status = 200, body = GetTaskDetailsResponse)))]
pub(crate) async fn of_project(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<GetTaskDetailsQuery>,
) -> ApiResult<Json<GetTaskDetailsResponse>> {
    answer(&app, &request, &Owner::Project, id, query).await
}
