//! Tasks: what is shown of them.

use model::{Page, PageRequest, PageToken, TaskId, Timestamp};
use store::{
    TaskAttempt, TaskDetails, TaskFilter, TaskInfo, TaskScope, TaskStatus, TaskTabular,
    WithoutTabular,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::connection::Session;
use crate::error::{Failure, Work};
use crate::row::{self, get};

const COLUMNS: &str = "id, warehouse_id, project_id, tabular_id, tabular_kind, tabular_path, queue,
    status, scheduled_for, picked_up_at, attempt, heartbeat_at, progress, created_at, updated_at,
    parent_id";

/// The two halves of the view `task_state`. A list reads each half in its order and merges them: to sort the whole
/// view would read years of log entries for one page.
const WAITING: &str = "select id, warehouse_id, project_id, tabular_id, tabular_kind, tabular_path,
    queue, case when worker is null then 'SCHEDULED' when is_to_stop then 'STOPPING' else 'RUNNING' end
        as status,
    scheduled_for, picked_up_at, attempt, heartbeat_at, progress, created_at, updated_at, parent_id,
    holder from task";
const ENDED: &str = "select task_id as id, warehouse_id, project_id, tabular_id, tabular_kind,
    tabular_path, queue, outcome as status, scheduled_for, picked_up_at, attempt, heartbeat_at,
    progress, created_at, ended_at as updated_at, parent_id, holder
    from task_log where is_last
        and ($3::text[] is null or $3 && array['SUCCESS', 'FAILED', 'CANCELLED'])";

/// The rows of one half that match a list's filter, the latest first.
fn half(of: &str) -> String {
    format!(
        "(select {COLUMNS} from ({of}) as half
         where holder = $1 and id < $2 and ($3::text[] is null or status = any($3))
             and ($4::text[] is null or queue = any($4))
             and ($5::uuid[] is null or tabular_id = any($5) or $6::boolean and tabular_id is null)
             and created_at >= $7 and created_at <= $8 and (warehouse_id is null) = $10
         order by id desc limit $9)"
    )
}

/// The id of the scope as stored in the column `holder`.
pub(crate) fn holder(scope: &TaskScope) -> String {
    match scope {
        TaskScope::Warehouse(id) => id.as_uuid().to_string(),
        TaskScope::Project(id) => id.as_str().to_owned(),
    }
}

pub(crate) async fn list(
    db: &Session,
    scope: &TaskScope,
    filter: &TaskFilter,
    page: &PageRequest,
) -> Work<Page<TaskInfo>> {
    // A token that no list has returned stands for the first page.
    let after = page.after.as_ref().map(PageToken::as_key);
    let after = after.and_then(|key| Uuid::parse_str(key).ok());
    let statuses = filter.statuses.as_ref().map(|all| {
        let texts = all.iter().map(|status| status.as_str());
        texts.collect::<Vec<_>>()
    });
    let subjects = filter.subjects.as_ref();
    let tabulars = subjects.map(|subjects| {
        let ids = subjects.tabulars.iter().map(|id| id.as_uuid());
        ids.collect::<Vec<_>>()
    });
    let without_tabular =
        subjects.is_some_and(|subjects| subjects.without_tabular == WithoutTabular::Included);
    let rows = db
        .query(
            &format!(
                "{} union all {} order by id desc limit $9",
                half(WAITING),
                half(ENDED)
            ),
            &[
                &holder(scope),
                &after.unwrap_or(Uuid::max()),
                &statuses,
                &filter.queues,
                &tabulars,
                &without_tabular,
                &filter.created_after.map_or(i64::MIN, Timestamp::as_ms),
                &filter.created_before.map_or(i64::MAX, Timestamp::as_ms),
                &(i64::from(page.size.items()) + 1),
                &is_project(scope),
            ],
        )
        .await?;
    let rows = row::all(&rows, info)?;
    Ok(Page::cut(rows, page.size, |task| task.id.to_string()))
}

pub(crate) async fn find(db: &Session, scope: &TaskScope, ids: &[TaskId]) -> Work<Vec<TaskInfo>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let rows = db
        .query(
            &format!(
                "select {COLUMNS} from task_state
                 where id = any($1) and holder = $2 and (warehouse_id is null) = $3"
            ),
            &[&ids, &holder(scope), &is_project(scope)],
        )
        .await?;
    row::all(&rows, info)
}

pub(crate) async fn details(
    db: &Session,
    scope: &TaskScope,
    id: TaskId,
    attempts: u32,
) -> Work<Option<TaskDetails>> {
    let found = db
        .query_opt(
            &format!(
                "select {COLUMNS}, payload, details, message from task_state
                 where id = $1 and holder = $2 and (warehouse_id is null) = $3"
            ),
            &[&id.as_uuid(), &holder(scope), &is_project(scope)],
        )
        .await?;
    let Some(found) = found else {
        return Ok(None);
    };
    let attempts = db
        .query(
            "select attempt, outcome, scheduled_for, picked_up_at, ended_at, created_at, message,
                 progress, details
             from task_log where task_id = $1 and not is_last order by attempt desc limit $2",
            &[&id.as_uuid(), &i64::from(attempts)],
        )
        .await?;
    Ok(Some(TaskDetails {
        info: info(&found)?,
        payload: get(&found, 16)?,
        details: get(&found, 17)?,
        message: get(&found, 18)?,
        attempts: row::all(&attempts, attempt)?,
    }))
}

fn info(row: &Row) -> Work<TaskInfo> {
    let project: &str = get(row, 2)?;
    Ok(TaskInfo {
        id: row::id(row, 0)?,
        project: project.parse().map_err(Failure::damaged)?,
        scope: scope(row, 1)?,
        tabular: tabular(row, 3)?,
        queue: get(row, 6)?,
        status: status(get(row, 7)?)?,
        scheduled_for: Timestamp::from_ms(get(row, 8)?),
        picked_up_at: row::time(row, 9)?,
        attempt: count(row, 10)?,
        heartbeat_at: row::time(row, 11)?,
        progress: get(row, 12)?,
        created_at: Timestamp::from_ms(get(row, 13)?),
        updated_at: row::time(row, 14)?,
        parent: get::<Option<Uuid>>(row, 15)?.map(TaskId::from),
    })
}

fn attempt(row: &Row) -> Work<TaskAttempt> {
    Ok(TaskAttempt {
        attempt: count(row, 0)?,
        status: status(get(row, 1)?)?,
        scheduled_for: Timestamp::from_ms(get(row, 2)?),
        started_at: row::time(row, 3)?,
        ended_at: Timestamp::from_ms(get(row, 4)?),
        created_at: Timestamp::from_ms(get(row, 5)?),
        message: get(row, 6)?,
        progress: get(row, 7)?,
        details: get(row, 8)?,
    })
}

fn count(row: &Row, at: usize) -> Work<u32> {
    u32::try_from(get::<i32>(row, at)?).map_err(Failure::damaged)
}

fn status(text: &str) -> Work<TaskStatus> {
    TaskStatus::from_stored(text)
        .ok_or_else(|| Failure::damaged(format!("unknown status of a task `{text}`")))
}

/// Distinguishes a project from a warehouse with the same id, which have the same `holder`.
pub(crate) const fn is_project(scope: &TaskScope) -> bool {
    matches!(scope, TaskScope::Project(_))
}

/// `warehouse_id, project_id` from the given column on.
pub(crate) fn scope(row: &Row, first: usize) -> Work<TaskScope> {
    if let Some(warehouse) = get::<Option<Uuid>>(row, first)? {
        return Ok(TaskScope::Warehouse(warehouse.into()));
    }
    let project: &str = get(row, first + 1)?;
    Ok(TaskScope::Project(
        project.parse().map_err(Failure::damaged)?,
    ))
}

/// `tabular_id, tabular_kind, tabular_path` from the given column on.
pub(crate) fn tabular(row: &Row, first: usize) -> Work<Option<TaskTabular>> {
    let Some(id) = get::<Option<Uuid>>(row, first)? else {
        return Ok(None);
    };
    Ok(Some(TaskTabular {
        id: id.into(),
        kind: row::kind(get(row, first + 1)?)?,
        path: serde_json::from_str(get(row, first + 2)?).map_err(Failure::damaged)?,
    }))
}
