//! Tasks: claims, heartbeats and ends.

use async_trait::async_trait;
use model::{Page, PageRequest, ProjectId, TaskId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{
    Effects, Entity, Instruction, Lease, NewTask, Result, TaskClaim, TaskConfig, TaskControl,
    TaskDetails, TaskEnd, TaskFilter, TaskInfo, TaskReport, TaskRow, TaskScope, Tasks,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Failure, Work, not_found};
use crate::row;
use crate::task_state::{self, scope, tabular};
use crate::{obsolete_file, task_config, task_control};

#[async_trait]
impl Tasks for SqliteStore {
    async fn task_claim(&self, queue: &str, worker: &str, lease: Lease) -> Result<Option<TaskRow>> {
        let (queue, worker) = (queue.to_owned(), worker.to_owned());
        self.write(move |db| claim(db, &queue, &worker, lease))
            .await
    }

    async fn task_extend(
        &self,
        claim: TaskClaim<'_>,
        lease: Lease,
        report: Option<TaskReport>,
    ) -> Result<Instruction> {
        let (id, worker) = (claim.task, claim.worker.to_owned());
        self.write(move |db| extend(db, id, &worker, lease, report))
            .await
    }

    async fn task_end(
        &self,
        claim: TaskClaim<'_>,
        end: TaskEnd,
        now: Timestamp,
        effects: Effects,
    ) -> Result<()> {
        let (id, worker) = (claim.task, claim.worker.to_owned());
        self.change(effects, move |db| finish(db, id, &worker, &end, now))
            .await
    }

    async fn task_count(&self, queue: &str) -> Result<u64> {
        let queue = queue.to_owned();
        self.read(move |db| {
            let count: i64 = db
                .prepare_cached("select count(*) from task where queue = ?1")?
                .query_row([queue], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
        .await
    }

    async fn task_list(
        &self,
        scope: &TaskScope,
        filter: TaskFilter,
        page: PageRequest,
    ) -> Result<Page<TaskInfo>> {
        let scope = scope.clone();
        self.read(move |db| task_state::list(db, &scope, &filter, &page))
            .await
    }

    async fn task_find(&self, scope: &TaskScope, ids: Vec<TaskId>) -> Result<Vec<TaskInfo>> {
        let scope = scope.clone();
        self.read(move |db| task_state::find(db, &scope, &ids))
            .await
    }

    async fn task_details(
        &self,
        scope: &TaskScope,
        id: TaskId,
        attempts: u32,
    ) -> Result<Option<TaskDetails>> {
        let scope = scope.clone();
        self.read(move |db| task_state::details(db, &scope, id, attempts))
            .await
    }

    async fn task_control(
        &self,
        scope: &TaskScope,
        ids: Vec<TaskId>,
        control: (TaskControl, Timestamp),
        effects: Effects,
    ) -> Result<()> {
        let scope = scope.clone();
        self.change(effects, move |db| {
            task_control::control(db, &scope, &ids, control)
        })
        .await
    }

    async fn task_config_load(&self, scope: &TaskScope, queue: &str) -> Result<Option<TaskConfig>> {
        let (scope, queue) = (scope.clone(), queue.to_owned());
        self.read(move |db| task_config::load(db, &scope, &queue))
            .await
    }

    async fn task_config_set(
        &self,
        scope: &TaskScope,
        queue: &str,
        config: TaskConfig,
        effects: Effects,
    ) -> Result<()> {
        let (scope, queue) = (scope.clone(), queue.to_owned());
        self.change(effects, move |db| {
            task_config::set(db, &scope, &queue, &config)
        })
        .await
    }

    async fn task_idle_projects(
        &self,
        queue: &str,
        limit: u32,
    ) -> Result<Vec<(ProjectId, Option<Timestamp>)>> {
        let queue = queue.to_owned();
        self.read(move |db| task_config::idle_projects(db, &queue, limit))
            .await
    }

    async fn task_queue_for_projects(&self, tasks: Vec<NewTask>) -> Result<()> {
        self.write(move |db| task_config::queue_for_projects(db, &tasks))
            .await
    }

    async fn task_log_trim(
        &self,
        project: Option<&ProjectId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        let project = project.cloned();
        self.write(move |db| {
            let whose = match project {
                Some(project) => vec![project.as_str().to_owned()],
                None => gone_projects(db)?,
            };
            trim(db, &whose, before, limit)
        })
        .await
    }
}

/// The projects with log entries that do not exist any more, with one index probe for each project that has
/// entries.
fn gone_projects(db: &Connection) -> Work<Vec<String>> {
    let mut find = db.prepare_cached(
        "with recursive logged (project_id) as (
             select min(project_id) from task_log
             union all
             select (select min(project_id) from task_log where project_id > logged.project_id)
             from logged where logged.project_id is not null
         )
         select project_id from logged
         where project_id is not null and project_id not in (select id from project)",
    )?;
    row::all(find.query([])?, |row| Ok(row.get(0)?))
}

/// Removes the oldest entries, `limit` at most, of the first project, then of the next.
fn trim(db: &Connection, projects: &[String], before: Timestamp, limit: u32) -> Work<u64> {
    let mut delete = db.prepare_cached(
        "delete from task_log where sequence in
         (select sequence from task_log as entry where project_id = ?3 and ended_at < ?1
              and not exists (select 1 from task where id = entry.task_id)
          order by ended_at, sequence limit ?2)",
    )?;
    let mut removed = 0;
    for project in projects {
        let left = i64::from(limit) - removed;
        let gone = delete.execute(params![before.as_ms(), left, project])?;
        removed += i64::try_from(gone).map_err(Failure::damaged)?;
    }
    Ok(removed.unsigned_abs())
}

fn claim(db: &Connection, queue: &str, worker: &str, lease: Lease) -> Work<Option<TaskRow>> {
    // Reads the turns in order until a scope has a due task: one probe for each scope that ever had a task in this
    // queue.
    let found = db
        .prepare_cached(
            "select task.id, task.warehouse_id, task.project_id, task.tabular_id, task.tabular_kind,
                 task.tabular_path, task.subject, task.payload, task.attempt, task.worker is not null,
                 task.holder
             from task_turn as turn
             join task on task.id =
                 (select id from task as due
                  where due.queue = turn.queue and due.holder = turn.holder
                  and due.due_at <= ?2 order by due.due_at, due.id limit 1)
             where turn.queue = ?1 order by turn.turn limit 1",
        )?
        .query_row(params![queue, lease.now.as_ms()], |row| {
            let (was_held, holder): (bool, String) = (row.get(9)?, row.get(10)?);
            Ok(task(row).map(|task| (task, was_held, holder)))
        })
        .optional()?;
    let Some((mut task, was_held, holder)) = found.transpose()? else {
        return Ok(None);
    };
    if was_held {
        let lost = "its worker was not heard of any more";
        log(db, task.id, ("FAILED", false, lost), lease.now)?;
    }
    task.attempt = task.attempt.saturating_add(1);
    db.prepare_cached(
        "update task set worker = ?2, due_at = ?3, attempt = ?4, picked_up_at = ?5, heartbeat_at = ?5,
             updated_at = ?5, is_to_stop = 0, progress = 0, details = null where id = ?1",
    )?
    .execute(params![
        task.id.as_uuid(),
        worker,
        lease.until.as_ms(),
        task.attempt,
        lease.now.as_ms()
    ])?;
    db.prepare_cached(
        "update task_turn set turn = 1 + (select max(turn) from task_turn where queue = ?1)
         where queue = ?1 and holder = ?2",
    )?
    .execute(params![queue, holder])?;
    Ok(Some(task))
}

fn extend(
    db: &Connection,
    id: TaskId,
    worker: &str,
    lease: Lease,
    report: Option<TaskReport>,
) -> Work<Instruction> {
    let (progress, details) = report
        .map(|report| (report.progress, report.details))
        .unzip();
    let is_to_stop: Option<bool> = db
        .prepare_cached(
            "update task set due_at = ?3, heartbeat_at = ?4, updated_at = ?4,
                 progress = coalesce(?5, progress), details = coalesce(?6, details)
             where id = ?1 and worker = ?2 returning is_to_stop",
        )?
        .query_row(
            params![
                id.as_uuid(),
                worker,
                lease.until.as_ms(),
                lease.now.as_ms(),
                progress,
                details
            ],
            |row| row.get(0),
        )
        .optional()?;
    match is_to_stop {
        None => Err(not_found(Entity::Task(id))),
        Some(true) => Ok(Instruction::Stop),
        Some(false) => Ok(Instruction::GoOn),
    }
}

fn finish(db: &Connection, id: TaskId, worker: &str, end: &TaskEnd, now: Timestamp) -> Work<()> {
    let held = db
        .prepare_cached("select 1 from task where id = ?1 and worker = ?2")?
        .exists(params![id.as_uuid(), worker])?;
    if !held {
        return Err(not_found(Entity::Task(id)));
    }
    match end {
        TaskEnd::Done { message } => {
            db.prepare_cached("update task set progress = 1 where id = ?1")?
                .execute([id.as_uuid()])?;
            end_for_good(db, id, "SUCCESS", message, now)
        }
        TaskEnd::Failed { message } => end_for_good(db, id, "FAILED", message, now),
        TaskEnd::Drained { again, .. } if obsolete_file::are_left(db, id, worker)? => {
            wait_again(db, id, *again, now, "0")
        }
        TaskEnd::Drained { message, .. } => {
            db.prepare_cached(
                "delete from task_log where queue = 'metadata_cleanup' and outcome = 'SUCCESS'
                     and tabular_id = (select tabular_id from task where id = ?1)",
            )?
            .execute([id.as_uuid()])?;
            let message = message.clone();
            finish(db, id, worker, &TaskEnd::Done { message }, now)
        }
        TaskEnd::GivenBack { not_before } => wait_again(db, id, *not_before, now, "attempt - 1"),
        TaskEnd::Retry {
            not_before,
            message,
        } => {
            log(db, id, ("FAILED", false, message), now)?;
            wait_again(db, id, *not_before, now, "attempt")
        }
    }
}

/// Lets the task wait again, without an entry in the log; `attempts` is the SQL for its number of attempts.
fn wait_again(
    db: &Connection,
    id: TaskId,
    again: Timestamp,
    now: Timestamp,
    attempts: &'static str,
) -> Work<()> {
    db.prepare_cached(&format!(
        "update task set worker = null, due_at = ?2, scheduled_for = ?2, updated_at = ?3,
             is_to_stop = 0, attempt = {attempts} where id = ?1"
    ))?
    .execute(params![id.as_uuid(), again.as_ms(), now.as_ms()])?;
    Ok(())
}

/// Logs the end of a task and removes the task.
pub(crate) fn end_for_good(
    db: &Connection,
    id: TaskId,
    outcome: &str,
    message: &str,
    now: Timestamp,
) -> Work<()> {
    log(db, id, (outcome, true, message), now)?;
    db.prepare_cached("delete from task where id = ?1")?
        .execute([id.as_uuid()])?;
    Ok(())
}

fn log(
    db: &Connection,
    id: TaskId,
    (outcome, is_last, message): (&str, bool, &str),
    now: Timestamp,
) -> Work<()> {
    db.prepare_cached(
        "insert into task_log (task_id, queue, parent_id, project_id, warehouse_id, tabular_id, tabular_kind,
             tabular_path, payload, attempt, outcome, is_last, message, created_at, scheduled_for,
             picked_up_at, heartbeat_at, progress, details, ended_at)
         select id, queue, parent_id, project_id, warehouse_id, tabular_id, tabular_kind, tabular_path, payload,
             attempt, ?2, ?3, ?4, created_at, scheduled_for,
             case when worker is not null then picked_up_at end,
             case when worker is not null then heartbeat_at end, progress, details, ?5
         from task where id = ?1",
    )?
    .execute(params![
        id.as_uuid(),
        outcome,
        is_last,
        message,
        now.as_ms()
    ])?;
    Ok(())
}

fn task(row: &Row<'_>) -> Work<TaskRow> {
    Ok(TaskRow {
        id: row.get::<_, Uuid>(0)?.into(),
        scope: scope(row, 1)?,
        tabular: tabular(row, 3)?,
        subject: row.get(6)?,
        payload: row.get(7)?,
        attempt: row.get(8).map_err(Failure::from)?,
    })
}
