//! Tasks: how they are stopped, cancelled and rescheduled.

use model::{TabularId, TaskId, Timestamp};
use rusqlite::{Connection, params};
use store::{SOFT_DELETION, TaskControl, TaskScope};
use uuid::Uuid;

use crate::error::Work;
use crate::row;
use crate::task::end_for_good;
use crate::task_state::{holder, is_project};

pub(crate) fn control(
    db: &Connection,
    scope: &TaskScope,
    ids: &[TaskId],
    (control, now): (TaskControl, Timestamp),
) -> Work<()> {
    let (holder, is_project, now_ms) = (holder(scope), is_project(scope), now.as_ms());
    for id in ids {
        match control {
            TaskControl::Stop => {
                db.prepare_cached(
                    "update task set is_to_stop = 1, updated_at = ?3
                     where id = ?1 and holder = ?2 and (warehouse_id is null) = ?4
                         and worker is not null",
                )?
                .execute(params![id.as_uuid(), holder, now_ms, is_project])?;
            }
            TaskControl::RunAt(at) => {
                db.prepare_cached(
                    "update task set scheduled_for = ?3, due_at = ?3, updated_at = ?4
                     where id = ?1 and holder = ?2 and (warehouse_id is null) = ?5
                         and worker is null",
                )?
                .execute(params![
                    id.as_uuid(),
                    holder,
                    at.as_ms(),
                    now_ms,
                    is_project
                ])?;
            }
            TaskControl::Cancel => {
                let there = db
                    .prepare_cached(
                        "select 1 from task
                         where id = ?1 and holder = ?2 and (warehouse_id is null) = ?3",
                    )?
                    .exists(params![id.as_uuid(), holder, is_project])?;
                if there {
                    end_for_good(db, *id, "CANCELLED", "cancelled on request", now)?;
                }
            }
        }
    }
    Ok(())
}

/// Cancels the tasks that would remove these soft-deleted tables and views for good.
pub(crate) fn cancel_expiry(
    db: &Connection,
    tabulars: impl Iterator<Item = TabularId>,
    why: &str,
    now: Timestamp,
) -> Work<()> {
    let mut waiting =
        db.prepare_cached("select id from task where tabular_id = ?1 and queue = ?2")?;
    for tabular in tabulars {
        let rows = waiting.query(params![tabular.as_uuid(), SOFT_DELETION])?;
        for id in row::all(rows, |row| Ok(row.get::<_, Uuid>(0)?))? {
            end_for_good(db, id.into(), "CANCELLED", why, now)?;
        }
    }
    Ok(())
}
