//! What is stored together with a change.

use model::{Event, TaskId};
use rusqlite::{Connection, OptionalExtension, params};
use store::{Effects, Entity, NewTask, StoreError, TaskScope};

use crate::error::{Work, already_exists, not_found};
use crate::{grants, idempotency, task_config};

/// Inserts the idempotency keys before anything else is checked: the answer to a repeated request is its record,
/// whatever its change would meet now.
pub(crate) fn claim_keys(db: &Connection, effects: &Effects) -> Work<()> {
    for record in &effects.idempotency {
        if let Some(earlier) = idempotency::find(db, record.key)? {
            return Err(StoreError::Replayed(Box::new(earlier)).into());
        }
        idempotency::insert(db, record)?;
    }
    Ok(())
}

/// Writes the events, tasks and grants.
pub(crate) fn record(db: &Connection, effects: &Effects) -> Work<()> {
    for event in &effects.events {
        insert_event(db, event)?;
    }
    for task in &effects.tasks {
        insert_task(db, task)?;
    }
    for grant in &effects.grants {
        grants::give(db, grant)?;
    }
    Ok(())
}

fn insert_event(db: &Connection, event: &Event) -> Work<()> {
    let kind = crate::row::event_kind_as_str(event.kind)?;
    db.prepare_cached(
        "insert into outbox (kind, at, warehouse_id, subject, body, origin, bytes_until)
         values (?1, ?2, ?3, ?4, ?5, ?6, octet_length(?5) + coalesce(
             (select bytes_until from outbox order by sequence desc limit 1), 0))",
    )?
    .execute(params![
        kind,
        event.at.as_ms(),
        event.warehouse.map(model::WarehouseId::as_uuid),
        event.subject,
        event.body.get(),
        event.origin.to_stored(),
    ])?;
    Ok(())
}

pub(crate) fn insert_task(db: &Connection, task: &NewTask) -> Work<()> {
    let (warehouse, of_project) = match &task.scope {
        TaskScope::Warehouse(id) => (Some(id.as_uuid()), None),
        TaskScope::Project(id) => (None, Some(id.as_str())),
    };
    let project: Option<String> = db
        .prepare_cached(
            "select project_id from warehouse where id = ?1
             union all select id from project where id = ?2",
        )?
        .query_row(params![warehouse, of_project], |row| row.get(0))
        .optional()?;
    let Some(project) = project else {
        return Err(not_found(task_config::entity(&task.scope)));
    };
    let tabular = task.tabular.as_ref();
    let path = tabular.map(|tabular| serde_json::Value::from(tabular.path.clone()).to_string());
    let inserted = db
        .prepare_cached(
            "insert into task (id, queue, project_id, warehouse_id, tabular_id, tabular_kind,
                 tabular_path, subject, payload, created_at, scheduled_for, due_at, parent_id)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12) on conflict (id) do nothing",
        )?
        .execute(params![
            task.id.as_uuid(),
            task.queue,
            project,
            warehouse,
            tabular.map(|tabular| tabular.id.as_uuid()),
            tabular.map(|tabular| tabular.kind.as_str()),
            path,
            task.subject,
            task.payload,
            task.created_at.as_ms(),
            task.not_before.as_ms(),
            task.parent.map(TaskId::as_uuid),
        ])?;
    if inserted == 0 {
        return Err(already_exists(Entity::Task(task.id)));
    }
    db.prepare_cached(
        "insert into task_turn (warehouse_id, project_id, queue, turn) values (?1, ?2, ?3, 0)
         on conflict do nothing",
    )?
    .execute(params![warehouse, of_project, task.queue])?;
    Ok(())
}
