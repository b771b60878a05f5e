//! Tasks: what is shown of them.

use model::{Page, PageRequest, PageToken, TaskId, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use store::{
    TaskAttempt, TaskDetails, TaskFilter, TaskInfo, TaskScope, TaskStatus, TaskTabular,
    WithoutTabular,
};
use uuid::Uuid;

use crate::error::{Failure, Work};
use crate::row;

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
    progress, created_at, ended_at as updated_at, parent_id, holder from task_log where is_last";

/// The id of the scope as stored in the column `holder`.
pub(crate) fn holder(scope: &TaskScope) -> String {
    match scope {
        TaskScope::Warehouse(id) => id.as_uuid().simple().to_string(),
        TaskScope::Project(id) => id.as_str().to_owned(),
    }
}

pub(crate) fn list(
    db: &Connection,
    scope: &TaskScope,
    filter: &TaskFilter,
    page: &PageRequest,
) -> Work<Page<TaskInfo>> {
    let limit = Value::Integer(i64::from(page.size.items()) + 1);
    // A token that no list has returned stands for the first page.
    let after = page.after.as_ref().map(PageToken::as_key);
    let after = after.and_then(|key| Uuid::parse_str(key).ok());
    let (mut halves, mut values) = (Vec::new(), Vec::new());
    for half in [WAITING, ENDED] {
        let mut sql = format!(
            "select {COLUMNS} from ({half}) where holder = ? and (warehouse_id is null) = ?"
        );
        values.extend([Value::Text(holder(scope)), is_project(scope).into()]);
        if let Some(after) = after {
            sql += " and id < ?";
            values.push(Value::Blob(after.as_bytes().to_vec()));
        }
        narrow(&mut sql, &mut values, filter);
        halves.push(format!("select * from ({sql} order by id desc limit ?)"));
        values.push(limit.clone());
    }
    values.push(limit);
    let both = halves.join(" union all ");
    let mut statement = db.prepare_cached(&format!("{both} order by id desc limit ?"))?;
    let rows = row::all(statement.query(params_from_iter(values))?, info)?;
    Ok(Page::cut(rows, page.size, |task| task.id.to_string()))
}

fn narrow(sql: &mut String, values: &mut Vec<Value>, filter: &TaskFilter) {
    let mut among = |sql: &mut String, column: &str, texts: Vec<&str>| {
        sql.extend([" and ", column, " in (select value from json_each(?))"]);
        values.push(Value::Text(serde_json::Value::from(texts).to_string()));
    };
    if let Some(statuses) = &filter.statuses {
        let texts = statuses.iter().map(|status| status.as_str()).collect();
        among(sql, "status", texts);
    }
    if let Some(queues) = &filter.queues {
        among(sql, "queue", queues.iter().map(String::as_str).collect());
    }
    if let Some(subjects) = &filter.subjects {
        let ids: Vec<_> = subjects
            .tabulars
            .iter()
            .map(|id| id.as_uuid().simple().to_string())
            .collect();
        *sql += " and (lower(hex(tabular_id)) in (select value from json_each(?))";
        values.push(Value::Text(serde_json::Value::from(ids).to_string()));
        if subjects.without_tabular == WithoutTabular::Included {
            *sql += " or tabular_id is null";
        }
        *sql += ")";
    }
    for (bound, test) in [
        (filter.created_after, " and created_at >= ?"),
        (filter.created_before, " and created_at <= ?"),
    ] {
        if let Some(bound) = bound {
            *sql += test;
            values.push(Value::Integer(bound.as_ms()));
        }
    }
}

pub(crate) fn find(db: &Connection, scope: &TaskScope, ids: &[TaskId]) -> Work<Vec<TaskInfo>> {
    let mut statement = db.prepare_cached(&format!(
        "select {COLUMNS} from task_state
         where id = ?1 and holder = ?2 and (warehouse_id is null) = ?3"
    ))?;
    let mut found = Vec::new();
    for id in ids {
        let rows = statement.query(params![id.as_uuid(), holder(scope), is_project(scope)])?;
        found.extend(row::all(rows, info)?);
    }
    Ok(found)
}

pub(crate) fn details(
    db: &Connection,
    scope: &TaskScope,
    id: TaskId,
    attempts: u32,
) -> Work<Option<TaskDetails>> {
    let found = db
        .prepare_cached(&format!(
            "select {COLUMNS}, payload, details, message from task_state
             where id = ?1 and holder = ?2 and (warehouse_id is null) = ?3"
        ))?
        .query_row(
            params![id.as_uuid(), holder(scope), is_project(scope)],
            |row| {
                Ok(info(row).and_then(|info| Ok((info, row.get(16)?, row.get(17)?, row.get(18)?))))
            },
        )
        .optional()?;
    let Some((info, payload, details, message)) = found.transpose()? else {
        return Ok(None);
    };
    let mut statement = db.prepare_cached(
        "select attempt, outcome, scheduled_for, picked_up_at, ended_at, created_at, message,
             progress, details
         from task_log where task_id = ?1 and not is_last order by attempt desc limit ?2",
    )?;
    let attempts = row::all(statement.query(params![id.as_uuid(), attempts])?, attempt)?;
    Ok(Some(TaskDetails {
        info,
        payload,
        details,
        message,
        attempts,
    }))
}

fn info(row: &Row<'_>) -> Work<TaskInfo> {
    let project: String = row.get(2)?;
    Ok(TaskInfo {
        id: row.get::<_, Uuid>(0)?.into(),
        project: project.parse().map_err(Failure::damaged)?,
        scope: scope(row, 1)?,
        tabular: tabular(row, 3)?,
        queue: row.get(6)?,
        status: status(&row.get::<_, String>(7)?)?,
        scheduled_for: Timestamp::from_ms(row.get(8)?),
        picked_up_at: time(row, 9)?,
        attempt: row.get(10)?,
        heartbeat_at: time(row, 11)?,
        progress: row.get(12)?,
        created_at: Timestamp::from_ms(row.get(13)?),
        updated_at: time(row, 14)?,
        parent: row.get::<_, Option<Uuid>>(15)?.map(TaskId::from),
    })
}

fn attempt(row: &Row<'_>) -> Work<TaskAttempt> {
    Ok(TaskAttempt {
        attempt: row.get(0)?,
        status: status(&row.get::<_, String>(1)?)?,
        scheduled_for: Timestamp::from_ms(row.get(2)?),
        started_at: time(row, 3)?,
        ended_at: Timestamp::from_ms(row.get(4)?),
        created_at: Timestamp::from_ms(row.get(5)?),
        message: row.get(6)?,
        progress: row.get(7)?,
        details: row.get(8)?,
    })
}

fn status(text: &str) -> Work<TaskStatus> {
    TaskStatus::from_stored(text)
        .ok_or_else(|| Failure::damaged(format!("unknown status of a task `{text}`")))
}

fn time(row: &Row<'_>, at: usize) -> Work<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_ms))
}

/// Distinguishes a project from a warehouse with the same id, which have the same `holder`.
pub(crate) const fn is_project(scope: &TaskScope) -> bool {
    matches!(scope, TaskScope::Project(_))
}

/// `warehouse_id, project_id` from the given column on.
pub(crate) fn scope(row: &Row<'_>, first: usize) -> Work<TaskScope> {
    if let Some(warehouse) = row.get::<_, Option<Uuid>>(first)? {
        return Ok(TaskScope::Warehouse(warehouse.into()));
    }
    let project: String = row.get(first + 1)?;
    Ok(TaskScope::Project(
        project.parse().map_err(Failure::damaged)?,
    ))
}

/// `tabular_id, tabular_kind, tabular_path` from the given column on.
pub(crate) fn tabular(row: &Row<'_>, first: usize) -> Work<Option<TaskTabular>> {
    let Some(id) = row.get::<_, Option<Uuid>>(first)? else {
        return Ok(None);
    };
    let (kind, path): (String, String) = (row.get(first + 1)?, row.get(first + 2)?);
    Ok(Some(TaskTabular {
        id: id.into(),
        kind: row::kind(&kind)?,
        path: serde_json::from_str(&path).map_err(Failure::damaged)?,
    }))
}
