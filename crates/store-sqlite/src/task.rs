//! Durable work.

use async_trait::async_trait;
use model::{TaskId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{Entity, Result, TaskEnd, TaskRow, Tasks};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Work, not_found};

#[async_trait]
impl Tasks for SqliteStore {
    async fn task_claim(
        &self,
        queue: &str,
        worker: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<TaskRow>> {
        let (queue, worker) = (queue.to_owned(), worker.to_owned());
        self.write(move |db| claim(db, &queue, &worker, (now, lease_until)))
            .await
    }

    async fn task_extend(&self, id: TaskId, worker: &str, lease_until: Timestamp) -> Result<()> {
        let worker = worker.to_owned();
        self.write(move |db| {
            let extended = db
                .prepare_cached("update task set due_at = ?3 where id = ?1 and worker = ?2")?
                .execute(params![id.as_uuid(), worker, lease_until.as_ms()])?;
            match extended {
                0 => Err(not_found(Entity::Task(id))),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn task_end(&self, id: TaskId, worker: &str, end: TaskEnd, now: Timestamp) -> Result<()> {
        let worker = worker.to_owned();
        self.write(move |db| finish(db, (id, &worker), &end, now))
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

    async fn task_log_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write(move |db| {
            let removed = db
                .prepare_cached(
                    "delete from task_log where sequence in
                     (select sequence from task_log as entry where ended_at < ?1
                      and not exists (select 1 from task where id = entry.task_id)
                      order by ended_at, sequence limit ?2)",
                )?
                .execute(params![before.as_ms(), limit])?;
            Ok(removed as u64)
        })
        .await
    }
}

fn claim(
    db: &Connection,
    queue: &str,
    worker: &str,
    (now, lease_until): (Timestamp, Timestamp),
) -> Work<Option<TaskRow>> {
    // One probe for each warehouse that ever had a task here, in the order of their turns.
    let found = db
        .prepare_cached(
            "select task.id, task.warehouse_id, task.subject, task.payload, task.attempt
             from task_turn as turn
             join task on task.id =
                 (select id from task as due
                  where due.queue = turn.queue and due.warehouse_id = turn.warehouse_id
                  and due.due_at <= ?2 order by due.due_at, due.id limit 1)
             where turn.queue = ?1 order by turn.turn, task.due_at, task.id limit 1",
        )?
        .query_row(params![queue, now.as_ms()], task)
        .optional()?;
    let Some(mut task) = found else {
        return Ok(None);
    };
    task.attempt = task.attempt.saturating_add(1);
    db.prepare_cached("update task set worker = ?2, due_at = ?3, attempt = ?4 where id = ?1")?
        .execute(params![
            task.id.as_uuid(),
            worker,
            lease_until.as_ms(),
            task.attempt
        ])?;
    db.prepare_cached(
        "update task_turn set turn = 1 + (select max(turn) from task_turn where queue = ?1)
         where queue = ?1 and warehouse_id = ?2",
    )?
    .execute(params![queue, task.warehouse.as_uuid()])?;
    Ok(Some(task))
}

fn finish(
    db: &Connection,
    (id, worker): (TaskId, &str),
    end: &TaskEnd,
    now: Timestamp,
) -> Work<()> {
    let (outcome, message) = match end {
        TaskEnd::Done { message } => ("done", message),
        TaskEnd::Retry { message, .. } => ("retry", message),
        TaskEnd::Failed { message } => ("failed", message),
    };
    let logged = db
        .prepare_cached(
            "insert into task_log
                 (task_id, queue, warehouse_id, subject, attempt, outcome, message, ended_at)
             select id, queue, warehouse_id, subject, attempt, ?3, ?4, ?5
             from task where id = ?1 and worker = ?2",
        )?
        .execute(params![id.as_uuid(), worker, outcome, message, now.as_ms()])?;
    if logged == 0 {
        return Err(not_found(Entity::Task(id)));
    }
    if let TaskEnd::Retry { not_before, .. } = end {
        db.prepare_cached("update task set worker = null, due_at = ?2 where id = ?1")?
            .execute(params![id.as_uuid(), not_before.as_ms()])?;
    } else {
        db.prepare_cached("delete from task where id = ?1")?
            .execute([id.as_uuid()])?;
    }
    Ok(())
}

fn task(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
    Ok(TaskRow {
        id: row.get::<_, Uuid>(0)?.into(),
        warehouse: row.get::<_, Uuid>(1)?.into(),
        subject: row.get(2)?,
        payload: row.get(3)?,
        attempt: row.get(4)?,
    })
}
