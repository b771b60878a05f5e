//! Tasks: claims, heartbeats and ends.

use async_trait::async_trait;
use model::{Page, PageRequest, ProjectId, TaskId, Timestamp};
use store::{
    Effects, Entity, Instruction, Lease, NewTask, Result, TaskClaim, TaskConfig, TaskControl,
    TaskDetails, TaskEnd, TaskFilter, TaskInfo, TaskReport, TaskRow, TaskScope, Tasks,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::{AdvisoryLocks, Session};
use crate::error::{Failure, Work, not_found};
use crate::row::{self, get};
use crate::task_state::{self, scope, tabular};
use crate::{obsolete_file, task_config, task_control};

/// Most scopes that one claim passes over because all of their due tasks are locked.
const PASSED_OVER: usize = 8;

#[async_trait]
impl Tasks for PostgresStore {
    async fn task_claim(&self, queue: &str, worker: &str, lease: Lease) -> Result<Option<TaskRow>> {
        let input = (queue.to_owned(), worker.to_owned(), lease);
        self.change(Effects::none(), input, |db, (queue, worker, lease)| {
            Box::pin(claim(db, queue, worker, *lease))
        })
        .await
    }

    async fn task_extend(
        &self,
        claim: TaskClaim<'_>,
        lease: Lease,
        report: Option<TaskReport>,
    ) -> Result<Instruction> {
        let input = (claim.task, claim.worker.to_owned(), lease, report);
        self.write(input, |db, (id, worker, lease, report)| {
            Box::pin(extend(db, *id, worker, *lease, report.as_ref()))
        })
        .await
    }

    async fn task_end(
        &self,
        claim: TaskClaim<'_>,
        end: TaskEnd,
        now: Timestamp,
        effects: Effects,
    ) -> Result<()> {
        let input = (claim.task, claim.worker.to_owned(), end, now);
        self.change(effects, input, |db, (id, worker, end, now)| {
            Box::pin(finish(db, *id, worker, end, *now))
        })
        .await
    }

    async fn task_count(&self, queue: &str) -> Result<u64> {
        let db = self.read().await?;
        let count = "select count(*) from task where queue = $1";
        let count: i64 = get(&db.query_one(count, &[&queue]).await?, 0)?;
        Ok(count.unsigned_abs())
    }

    async fn task_list(
        &self,
        scope: &TaskScope,
        filter: TaskFilter,
        page: PageRequest,
    ) -> Result<Page<TaskInfo>> {
        let db = self.read_list().await?;
        Ok(task_state::list(&db, scope, &filter, &page).await?)
    }

    async fn task_find(&self, scope: &TaskScope, ids: Vec<TaskId>) -> Result<Vec<TaskInfo>> {
        let db = self.read().await?;
        Ok(task_state::find(&db, scope, &ids).await?)
    }

    async fn task_details(
        &self,
        scope: &TaskScope,
        id: TaskId,
        attempts: u32,
    ) -> Result<Option<TaskDetails>> {
        let db = self.read().await?;
        Ok(task_state::details(&db, scope, id, attempts).await?)
    }

    async fn task_control(
        &self,
        scope: &TaskScope,
        ids: Vec<TaskId>,
        control: (TaskControl, Timestamp),
        effects: Effects,
    ) -> Result<()> {
        let input = (scope.clone(), ids, control);
        self.change(effects, input, |db, (scope, ids, control)| {
            Box::pin(task_control::control(db, scope, ids, *control))
        })
        .await
    }

    async fn task_config_load(&self, scope: &TaskScope, queue: &str) -> Result<Option<TaskConfig>> {
        let db = self.read().await?;
        Ok(task_config::load(&db, scope, queue).await?)
    }

    async fn task_config_set(
        &self,
        scope: &TaskScope,
        queue: &str,
        config: TaskConfig,
        effects: Effects,
    ) -> Result<()> {
        let input = (scope.clone(), queue.to_owned(), config);
        self.change(effects, input, |db, (scope, queue, config)| {
            Box::pin(task_config::set(db, scope, queue, config))
        })
        .await
    }

    async fn task_idle_projects(
        &self,
        queue: &str,
        limit: u32,
    ) -> Result<Vec<(ProjectId, Option<Timestamp>)>> {
        let db = self.read().await?;
        Ok(task_config::idle_projects(&db, queue, limit).await?)
    }

    async fn task_queue_for_projects(&self, tasks: Vec<NewTask>) -> Result<()> {
        self.write(tasks, |db, tasks| {
            Box::pin(task_config::queue_for_projects(db, tasks))
        })
        .await
    }

    async fn task_log_trim(
        &self,
        project: Option<&ProjectId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        let input = (project.cloned(), before, limit);
        self.write(input, |db, (project, before, limit)| {
            let project = project.as_ref().map(ProjectId::as_str);
            Box::pin(trim(db, project, *before, *limit))
        })
        .await
    }
}

async fn trim(db: &Session, project: Option<&str>, before: Timestamp, limit: u32) -> Work<u64> {
    let whose = match project {
        Some(_) => "select $3::text",
        None => GONE_PROJECTS,
    };
    db.execute(
        &format!(
            "delete from task_log where sequence = any(array(
                 select entry.sequence from ({whose}) as whose (project_id)
                 cross join lateral (
                     select sequence from task_log as entry
                     where project_id = whose.project_id and ended_at < $1
                         and not exists (select from task where id = entry.task_id)
                     order by ended_at, sequence limit $2
                     for update skip locked
                 ) as entry limit $2))"
        ),
        &[&before.as_ms(), &i64::from(limit), &project],
    )
    .await
}

/// The projects with log entries that do not exist any more, with one index probe for each project that has
/// entries.
const GONE_PROJECTS: &str = "with recursive logged (project_id) as (
        (select project_id from task_log order by project_id limit 1)
        union all
        select next.project_id from logged cross join lateral (
            select project_id from task_log where project_id > logged.project_id
            order by project_id limit 1
        ) as next
    )
    select project_id from logged where $3::text is null
        and not exists (select from project where id = logged.project_id)";

/// The columns of a task that its log entries keep; `outcome, is_last, message, ended_at` follow.
pub(crate) const LOGGED: &str =
    "queue, parent_id, project_id, warehouse_id, tabular_id, tabular_kind, tabular_path,
    payload, attempt, created_at, scheduled_for, picked_up_at, heartbeat_at, details, progress";

/// The same columns of a task that may be waiting: what its last attempt has left in them is no part of this
/// entry.
pub(crate) const AS_LOGGED: &str =
    "queue, parent_id, project_id, warehouse_id, tabular_id, tabular_kind, tabular_path,
    payload, attempt, created_at, scheduled_for, case when worker is not null then picked_up_at end,
    case when worker is not null then heartbeat_at end, details, progress";

async fn claim(db: &Session, queue: &str, worker: &str, lease: Lease) -> Work<Option<TaskRow>> {
    // One claim at a time per queue, so that the scopes keep their turns.
    let mut locks = AdvisoryLocks::default();
    locks.queue(queue);
    let (numbers, exclusive) = locks.columns();
    db.query(AdvisoryLocks::SQL, &[&numbers, &exclusive])
        .await?;
    let (now, until) = (lease.now.as_ms(), lease.until.as_ms());
    let mut passed_over: Vec<String> = Vec::new();
    let next = claim_next();
    while passed_over.len() < PASSED_OVER {
        let found = db
            .query_opt(&next, &[&queue, &now, &worker, &until, &passed_over])
            .await?;
        let Some(row) = found else {
            return Ok(None);
        };
        if get::<Option<Uuid>>(&row, 0)?.is_some() {
            return Ok(Some(task(&row)?));
        }
        passed_over.push(get(&row, 9)?);
    }
    Ok(None)
}

/// Claims a task of the scope whose turn it is, leaving out the holders `$5`, and returns the holder as the last
/// column. All other columns are null if others are changing all of the scope's due tasks at this moment, for
/// example ending them.
///
/// The turns are read in order until a scope has a due task, with one probe for each. Only then is a row locked: a
/// statement that sorts what it locks would lock a task of every scope.
fn claim_next() -> String {
    format!(
        "with next as materialized (
             select turn.holder from task_turn as turn
             cross join lateral (
                 select from task
                 where queue = turn.queue and holder = turn.holder and due_at <= $2
                 order by due_at, id limit 1
             ) as due
             where turn.queue = $1 and turn.holder <> all($5) order by turn.turn limit 1
         ), due as materialized (
             select due.* from next
             cross join lateral (
                 select * from task where queue = $1 and holder = next.holder and due_at <= $2
                 order by due_at, id limit 1
                 for update skip locked
             ) as due
         ), lost as (
             insert into task_log (task_id, {LOGGED}, outcome, is_last, message, ended_at)
             select id, {LOGGED}, 'FAILED', false, 'its worker was not heard of any more', $2
             from due where worker is not null
         ), claimed as (
             update task set worker = $3, due_at = $4, attempt = task.attempt + 1,
                 picked_up_at = $2, heartbeat_at = $2, updated_at = $2, is_to_stop = false,
                 progress = 0, details = null
             from due where task.id = due.id
             returning task.*
         ), turned as (
             update task_turn
             set turn = 1 + (select max(turn) from task_turn where queue = $1)
             where queue = $1 and holder = (select holder from claimed)
         )
         select id, warehouse_id, project_id, tabular_id, tabular_kind, tabular_path, subject,
             payload, attempt, next.holder
         from next left join claimed on true"
    )
}

async fn extend(
    db: &Session,
    id: TaskId,
    worker: &str,
    lease: Lease,
    report: Option<&TaskReport>,
) -> Work<Instruction> {
    let extended = db
        .query_opt(
            "update task set due_at = $3, heartbeat_at = $4, updated_at = $4,
                 progress = coalesce($5, progress), details = coalesce($6, details)
             where id = $1 and worker = $2 returning is_to_stop",
            &[
                &id.as_uuid(),
                &worker,
                &lease.until.as_ms(),
                &lease.now.as_ms(),
                &report.map(|report| report.progress),
                &report.map(|report| report.details.as_str()),
            ],
        )
        .await?;
    match extended.map(|row| get(&row, 0)).transpose()? {
        None => Err(not_found(Entity::Task(id))),
        Some(true) => Ok(Instruction::Stop),
        Some(false) => Ok(Instruction::GoOn),
    }
}

async fn finish(db: &Session, id: TaskId, worker: &str, end: &TaskEnd, now: Timestamp) -> Work<()> {
    let (outcome, message, again) = match end {
        TaskEnd::Drained { again, .. } if obsolete_file::are_left(db, id, worker).await? => {
            return wait_again(db, TaskClaim::of(id, worker), (*again, now), "0").await;
        }
        TaskEnd::Drained { message, .. } => {
            let forget = "delete from task_log
                where queue = 'metadata_cleanup' and outcome = 'SUCCESS'
                    and tabular_id = (select tabular_id from task where id = $1 and worker = $2)";
            db.execute(forget, &[&id.as_uuid(), &worker]).await?;
            ("SUCCESS", message, None)
        }
        TaskEnd::GivenBack { not_before } => {
            return wait_again(
                db,
                TaskClaim::of(id, worker),
                (*not_before, now),
                "attempt - 1",
            )
            .await;
        }
        TaskEnd::Done { message } => ("SUCCESS", message, None),
        TaskEnd::Retry {
            not_before,
            message,
        } => ("FAILED", message, Some(not_before.as_ms())),
        TaskEnd::Failed { message } => ("FAILED", message, None),
    };
    // The message may contain an answer of the storage; PostgreSQL cannot store U+0000.
    let message = message.replace('\0', "\u{fffd}");
    let ended = db
        .query_opt(
            "with held as materialized (
                 select * from task where id = $1 and worker = $2 for update
             ), retried as (
                 update task set worker = null, due_at = $6, scheduled_for = $6, updated_at = $5,
                     is_to_stop = false
                 from held where task.id = held.id and $6::bigint is not null
             ), removed as (
                 delete from task using held where task.id = held.id and $6::bigint is null
             )
             insert into task_log (task_id, queue, parent_id, project_id, warehouse_id, tabular_id,
                 tabular_kind, tabular_path, payload, attempt, created_at, scheduled_for,
                 picked_up_at, heartbeat_at, details, progress, outcome, is_last, message, ended_at)
             select id, queue, parent_id, project_id, warehouse_id, tabular_id, tabular_kind,
                 tabular_path, payload, attempt, created_at, scheduled_for, picked_up_at, heartbeat_at, details,
                 case when $3 = 'SUCCESS' then 1 else progress end, $3, $6::bigint is null, $4, $5
             from held returning sequence",
            &[
                &id.as_uuid(),
                &worker,
                &outcome,
                &message,
                &now.as_ms(),
                &again,
            ],
        )
        .await?;
    match ended {
        None => Err(not_found(Entity::Task(id))),
        Some(_) => Ok(()),
    }
}

/// Lets the task wait again, without an entry in the log; `attempts` is the SQL for its number of attempts.
async fn wait_again(
    db: &Session,
    claim: TaskClaim<'_>,
    (again, now): (Timestamp, Timestamp),
    attempts: &'static str,
) -> Work<()> {
    let rest = format!(
        "update task set worker = null, due_at = $3, scheduled_for = $3, updated_at = $4,
             is_to_stop = false, attempt = {attempts}
         where id = $1 and worker = $2"
    );
    let rests = db
        .execute(
            &rest,
            &[
                &claim.task.as_uuid(),
                &claim.worker,
                &again.as_ms(),
                &now.as_ms(),
            ],
        )
        .await?;
    match rests {
        0 => Err(not_found(Entity::Task(claim.task))),
        _ => Ok(()),
    }
}

fn task(row: &Row) -> Work<TaskRow> {
    Ok(TaskRow {
        id: row::id(row, 0)?,
        scope: scope(row, 1)?,
        tabular: tabular(row, 3)?,
        subject: get(row, 6)?,
        payload: get(row, 7)?,
        attempt: u32::try_from(get::<i32>(row, 8)?).map_err(Failure::damaged)?,
    })
}
