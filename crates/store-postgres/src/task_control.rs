//! Tasks: how they are stopped, cancelled and rescheduled.

use model::{TabularId, TaskId, Timestamp};
use store::{SOFT_DELETION, TaskControl, TaskScope};
use uuid::Uuid;

use crate::connection::Session;
use crate::error::Work;
use crate::task::{AS_LOGGED, LOGGED};
use crate::task_state::{holder, is_project};

pub(crate) async fn control(
    db: &Session,
    scope: &TaskScope,
    ids: &[TaskId],
    (control, now): (TaskControl, Timestamp),
) -> Work<()> {
    let (holder, is_project, now) = (holder(scope), is_project(scope), now.as_ms());
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    match control {
        TaskControl::Stop => {
            let stop = "update task set is_to_stop = true, updated_at = $3
                where id = any($1) and holder = $2 and (warehouse_id is null) = $4
                    and worker is not null";
            db.execute(stop, &[&ids, &holder, &now, &is_project])
                .await?;
        }
        TaskControl::RunAt(at) => {
            let run = "update task set scheduled_for = $3, due_at = $3, updated_at = $4
                where id = any($1) and holder = $2 and (warehouse_id is null) = $5
                    and worker is null";
            db.execute(run, &[&ids, &holder, &at.as_ms(), &now, &is_project])
                .await?;
        }
        TaskControl::Cancel => {
            let cancel = format!(
                "with gone as (
                     delete from task where id = any($1) and holder = $2
                         and (warehouse_id is null) = $4 returning *
                 )
                 insert into task_log (task_id, {LOGGED}, outcome, is_last, message, ended_at)
                 select id, {AS_LOGGED}, 'CANCELLED', true, 'cancelled on request', $3 from gone"
            );
            db.execute(&cancel, &[&ids, &holder, &now, &is_project])
                .await?;
        }
    }
    Ok(())
}

/// Cancels the tasks that would remove these soft-deleted tables and views for good.
pub(crate) async fn cancel_expiry(
    db: &Session,
    tabulars: impl Iterator<Item = TabularId>,
    why: &str,
    now: Timestamp,
) -> Work<()> {
    let tabulars: Vec<Uuid> = tabulars.map(TabularId::as_uuid).collect();
    if tabulars.is_empty() {
        return Ok(());
    }
    // A task that is failing at this moment queues its successor. Wait for it, so that the next statement sees the
    // successor.
    let hold = "select id from task where tabular_id = any($1) and queue is not distinct from $2 order by id for update";
    db.query(hold, &[&tabulars, &SOFT_DELETION]).await?;
    let cancel = format!(
        "with gone as (
             delete from task where tabular_id = any($1) and queue is not distinct from $2 returning *
         )
         insert into task_log (task_id, {LOGGED}, outcome, is_last, message, ended_at)
         select id, {AS_LOGGED}, 'CANCELLED', true, $3, $4 from gone"
    );
    db.execute(&cancel, &[&tabulars, &SOFT_DELETION, &why, &now.as_ms()])
        .await?;
    Ok(())
}
