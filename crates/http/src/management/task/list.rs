//! `POST …/task/list`.

use axum::Json;
use axum::extract::State;
use catalog::Request;
use catalog::task::Owner;
use model::{Excerpt, TabularId};
use serde::{Deserialize, Serialize};
use store::{TaskFilter, TaskStatus, TaskSubjects, WithoutTabular};
use utoipa::ToSchema;
use uuid::Uuid;

use super::TaskInfoResponse;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{PageQuery, Path, Posted, encode_token, time};

/// Which tasks of a warehouse to list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListTasksRequest {
    /// Only tasks in one of these states: `RUNNING`, `SCHEDULED`, `STOPPING`, `CANCELLED`, `SUCCESS`, `FAILED`.
    status: Option<Vec<String>>,
    /// Only tasks of one of these queues.
    queue_name: Option<Vec<String>>,
    /// Only tasks about one of these tables, views, or the warehouse itself.
    entities: Option<Vec<TaskEntityFilter>>,
    /// Only tasks created at this time (RFC 3339) or later.
    created_after: Option<String>,
    /// Only tasks created at this time (RFC 3339) or earlier.
    created_before: Option<String>,
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of entries in the page.
    page_size: Option<u64>,
}

/// A table or view that tasks may be about, or the warehouse.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum TaskEntityFilter {
    /// A table.
    #[serde(rename_all = "kebab-case")]
    Table { table_id: Uuid },
    /// A view.
    #[serde(rename_all = "kebab-case")]
    View { view_id: Uuid },
    /// A generic table.
    #[serde(rename_all = "kebab-case")]
    GenericTable { generic_table_id: Uuid },
    /// The warehouse itself: tasks about none of its tables and views.
    Warehouse,
}

/// Which tasks of a project to list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListProjectTasksRequest {
    /// Only tasks in one of these states: `RUNNING`, `SCHEDULED`, `STOPPING`, `CANCELLED`, `SUCCESS`, `FAILED`.
    status: Option<Vec<String>>,
    /// Only tasks of one of these queues.
    queue_name: Option<Vec<String>>,
    /// Only tasks created at this time (RFC 3339) or later.
    created_after: Option<String>,
    /// Only tasks created at this time (RFC 3339) or earlier.
    created_before: Option<String>,
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of entries in the page.
    page_size: Option<u64>,
}

impl From<ListProjectTasksRequest> for ListTasksRequest {
    fn from(asked: ListProjectTasksRequest) -> Self {
        Self {
            status: asked.status,
            queue_name: asked.queue_name,
            entities: None,
            created_after: asked.created_after,
            created_before: asked.created_before,
            page_token: asked.page_token,
            page_size: asked.page_size,
        }
    }
}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListTasksResponse {
    tasks: Vec<TaskInfoResponse>,
    next_page_token: Option<String>,
}

impl ListTasksRequest {
    fn filter(&self) -> ApiResult<TaskFilter> {
        let statuses = self.status.as_ref().map(|all| {
            let statuses = all.iter().map(|text| status(text));
            statuses.collect::<ApiResult<Vec<_>>>()
        });
        let time = |field: &str, given: &Option<String>| {
            let given = given.as_ref();
            given.map(|text| time(field, text)).transpose()
        };
        Ok(TaskFilter {
            statuses: statuses.transpose()?,
            queues: self.queue_name.clone(),
            subjects: self.entities.as_deref().map(subjects),
            created_after: time("created-after", &self.created_after)?,
            created_before: time("created-before", &self.created_before)?,
        })
    }
}

fn status(text: &str) -> ApiResult<TaskStatus> {
    TaskStatus::from_stored(text).ok_or_else(|| {
        let shown = Excerpt(text);
        ApiError::bad_request(format!(
            "status is `{shown}`; it must be one of RUNNING, SCHEDULED, STOPPING, CANCELLED, SUCCESS and FAILED"
        ))
    })
}

fn subjects(entities: &[TaskEntityFilter]) -> TaskSubjects {
    let mut subjects = TaskSubjects::default();
    for entity in entities {
        match *entity {
            TaskEntityFilter::Table { table_id: id }
            | TaskEntityFilter::View { view_id: id }
            | TaskEntityFilter::GenericTable {
                generic_table_id: id,
            } => subjects.tabulars.push(TabularId::from(id)),
            TaskEntityFilter::Warehouse => subjects.without_tabular = WithoutTabular::Included,
        }
    }
    subjects
}

async fn answer(
    app: &App,
    request: &Request,
    owner: &Owner,
    asked: ListTasksRequest,
) -> ApiResult<Json<ListTasksResponse>> {
    let filter = asked.filter()?;
    let page = PageQuery::always(asked.page_token, asked.page_size).decode(app)?;
    let found = catalog::task::list(&app.catalog, request, owner, filter, page).await?;
    Ok(Json(ListTasksResponse {
        tasks: found.items.into_iter().map(Into::into).collect(),
        next_page_token: found.next.as_ref().map(encode_token),
    }))
}

/// List the tasks of a warehouse
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/task/list", tag = "tasks", operation_id = "list_tasks",
    params(("warehouse_id" = Uuid, Path)), request_body = ListTasksRequest, responses((status = 200, body = ListTasksResponse)))]
pub(crate) async fn of_warehouse(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<ListTasksRequest>,
) -> ApiResult<Json<ListTasksResponse>> {
    answer(&app, &request, &Owner::Warehouse(id.into()), body).await
}

/// List the tasks of a project that belong to no warehouse
#[utoipa::path(post, path = "/v1/project/task/list", tag = "tasks", operation_id = "list_project_tasks",
    request_body = ListProjectTasksRequest, responses((status = 200, body = ListTasksResponse)))]
pub(crate) async fn of_project(
    State(app): State<App>,
    Posted { request, body }: Posted<ListProjectTasksRequest>,
) -> ApiResult<Json<ListTasksResponse>> {
    answer(&app, &request, &Owner::Project, body.into()).await
}
