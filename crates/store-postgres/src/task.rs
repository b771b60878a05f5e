//! Durable work.

use async_trait::async_trait;
use model::{TaskId, Timestamp};
use store::{Effects, Entity, Result, TaskEnd, TaskRow, Tasks};
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::connection::{AdvisoryLocks, Session};
use crate::error::{Failure, Work, not_found};
use crate::row::{self, get};

#[async_trait]
impl Tasks for PostgresStore {
    async fn task_claim(
        &self,
        queue: &str,
        worker: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<TaskRow>> {
        let claim_by = Claim {
            queue: queue.to_owned(),
            worker: worker.to_owned(),
            now,
            lease_until,
        };
        self.change(Effects::none(), claim_by, |db, by| Box::pin(claim(db, by)))
            .await
    }

    async fn task_extend(&self, id: TaskId, worker: &str, lease_until: Timestamp) -> Result<()> {
        let input = (id, worker.to_owned(), lease_until);
        self.write(input, |db, (id, worker, lease_until)| {
            Box::pin(async move {
                let extend = "update task set due_at = $3 where id = $1 and worker = $2";
                let until = lease_until.as_ms();
                match db.execute(extend, &[&id.as_uuid(), worker, &until]).await? {
                    0 => Err(not_found(Entity::Task(*id))),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    async fn task_end(&self, id: TaskId, worker: &str, end: TaskEnd, now: Timestamp) -> Result<()> {
        let input = (id, worker.to_owned(), end, now);
        self.write(input, |db, (id, worker, end, now)| {
            Box::pin(finish(db, (*id, worker), end, *now))
        })
        .await
    }

    async fn task_count(&self, queue: &str) -> Result<u64> {
        let db = self.read().await?;
        let count = "select count(*) from task where queue = $1";
        let count: i64 = get(&db.query_one(count, &[&queue]).await?, 0)?;
        Ok(count.unsigned_abs())
    }

    async fn task_log_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write((before, limit), |db, (before, limit)| {
            Box::pin(async move {
                db.execute(
                    "delete from task_log where sequence = any(array(
                         select sequence from task_log as entry where ended_at < $1
                         and not exists (select from task where id = entry.task_id)
                         order by ended_at, sequence limit $2
                         for update skip locked))",
                    &[&before.as_ms(), &i64::from(*limit)],
                )
                .await
            })
        })
        .await
    }
}

struct Claim {
    queue: String,
    worker: String,
    now: Timestamp,
    lease_until: Timestamp,
}

async fn claim(db: &Session, by: &Claim) -> Work<Option<TaskRow>> {
    // One claim at a time in a queue, so that turns are kept.
    let mut locks = AdvisoryLocks::default();
    locks.queue(&by.queue);
    let (numbers, exclusive) = locks.columns();
    db.query(AdvisoryLocks::SQL, &[&numbers, &exclusive])
        .await?;
    // One probe for each warehouse that ever had a task here, in the order of their turns. A task whose end is
    // being written at this moment is passed over.
    let found = db
        .query_opt(
            "with due as materialized (
                 select due.id from task_turn as turn
                 cross join lateral (
                     select id, due_at from task
                     where queue = turn.queue and warehouse_id = turn.warehouse_id and due_at <= $2
                     order by due_at, id limit 1
                     for update skip locked
                 ) as due
                 where turn.queue = $1 order by turn.turn, due.due_at, due.id limit 1
             ), claimed as (
                 update task set worker = $3, due_at = $4, attempt = attempt + 1
                 from due where task.id = due.id
                 returning task.id, task.warehouse_id, task.subject, task.payload, task.attempt
             ), turned as (
                 update task_turn set turn = 1 + (select max(turn) from task_turn where queue = $1)
                 from claimed
                 where task_turn.queue = $1 and task_turn.warehouse_id = claimed.warehouse_id
             )
             select id, warehouse_id, subject, payload, attempt from claimed",
            &[
                &by.queue,
                &by.now.as_ms(),
                &by.worker,
                &by.lease_until.as_ms(),
            ],
        )
        .await?;
    found.as_ref().map(task).transpose()
}

async fn finish(
    db: &Session,
    (id, worker): (TaskId, &str),
    end: &TaskEnd,
    now: Timestamp,
) -> Work<()> {
    let (outcome, message, again) = match end {
        TaskEnd::Done { message } => ("done", message, None),
        TaskEnd::Retry {
            not_before,
            message,
        } => ("retry", message, Some(not_before.as_ms())),
        TaskEnd::Failed { message } => ("failed", message, None),
    };
    // What a storage has answered may stand in it; PostgreSQL has no U+0000.
    let message = message.replace('\0', "\u{fffd}");
    let ended = db
        .query_opt(
            "with held as materialized (
                 select id, queue, warehouse_id, subject, attempt from task
                 where id = $1 and worker = $2 for update
             ), retried as (
                 update task set worker = null, due_at = $6 from held
                 where task.id = held.id and $6::bigint is not null
             ), removed as (
                 delete from task using held where task.id = held.id and $6::bigint is null
             )
             insert into task_log
                 (task_id, queue, warehouse_id, subject, attempt, outcome, message, ended_at)
             select id, queue, warehouse_id, subject, attempt, $3, $4, $5 from held
             returning sequence",
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

fn task(row: &Row) -> Work<TaskRow> {
    Ok(TaskRow {
        id: row::id(row, 0)?,
        warehouse: row::id(row, 1)?,
        subject: get(row, 2)?,
        payload: get(row, 3)?,
        attempt: u32::try_from(get::<i32>(row, 4)?).map_err(Failure::damaged)?,
    })
}
