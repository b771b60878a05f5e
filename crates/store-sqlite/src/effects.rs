//! What becomes true together with a change.

use model::Event;
use rusqlite::{Connection, params};
use store::{Effects, Entity, NewTask, StoreError};

use crate::error::{Work, already_exists, not_found};
use crate::{grants, idempotency};

/// Takes the idempotency keys before anything else is looked at: the answer to a repeated request is
/// its record, whatever its change would meet now.
pub(crate) fn claim_keys(db: &Connection, effects: &Effects) -> Work<()> {
    for record in &effects.idempotency {
        if let Some(earlier) = idempotency::find(db, record.key)? {
            return Err(StoreError::Replayed(Box::new(earlier)).into());
        }
        idempotency::insert(db, record)?;
    }
    Ok(())
}

/// Writes the events and tasks, and gives what comes with the change.
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
        "insert into outbox (kind, at, warehouse_id, subject, body) values (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        kind,
        event.at.as_ms(),
        event.warehouse.map(model::WarehouseId::as_uuid),
        event.subject,
        event.body.get(),
    ])?;
    Ok(())
}

fn insert_task(db: &Connection, task: &NewTask) -> Work<()> {
    let warehouse = task.warehouse.as_uuid();
    let found = db
        .prepare_cached("select 1 from warehouse where id = ?1")?
        .exists([warehouse])?;
    if !found {
        return Err(not_found(Entity::Warehouse(task.warehouse)));
    }
    let inserted = db
        .prepare_cached(
            "insert into task (id, queue, warehouse_id, subject, payload, due_at)
             values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (id) do nothing",
        )?
        .execute(params![
            task.id.as_uuid(),
            task.queue,
            warehouse,
            task.subject,
            task.payload,
            task.not_before.as_ms(),
        ])?;
    if inserted == 0 {
        return Err(already_exists(Entity::Task(task.id)));
    }
    db.prepare_cached(
        "insert into task_turn (warehouse_id, queue, turn) values (?1, ?2, 0)
         on conflict do nothing",
    )?
    .execute(params![warehouse, task.queue])?;
    Ok(())
}
