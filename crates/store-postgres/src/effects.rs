//! What is stored together with a change.

use futures::future::try_join;
use model::{Event, Grant, TaskId};
use store::{Effects, Entity, IdempotencyRecord, NewTask, StoreError};
use tokio_postgres::Statement;
use uuid::Uuid;

use crate::connection::{AdvisoryLocks, Session};
use crate::error::{Failure, Work, already_exists, not_found};
use crate::grants::{self, NewGrants};
use crate::idempotency::{self, Records};
use crate::row::{event_kind_as_str, get};
use crate::task_config;

/// Inserts the idempotency keys before anything else is checked: the answer to a repeated request is its record,
/// whatever its change would meet now. Then locks the warehouses of the tasks, which come first in the lock order.
pub(crate) async fn claim(db: &Session, effects: &Effects) -> Work<()> {
    claim_keys(db, &effects.idempotency).await?;
    if !effects.tasks.is_empty() {
        hold_warehouses(db, &effects.tasks).await?;
    }
    Ok(())
}

async fn claim_keys(db: &Session, records: &[IdempotencyRecord]) -> Work<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut locks = AdvisoryLocks::default();
    for record in records {
        locks.key(record.key);
    }
    let (numbers, exclusive) = locks.columns();
    let lock = db.prepare(AdvisoryLocks::SQL).await?;
    let insert = db.prepare(idempotency::INSERT).await?;
    let new = Records::of(records);
    let (_, inserted) = try_join(
        db.run(&lock, &[&numbers, &exclusive]),
        db.run(
            &insert,
            &[&new.keys, &new.fingerprints, &new.outcomes, &new.times],
        ),
    )
    .await?;
    let inserted: Vec<Uuid> = inserted
        .iter()
        .map(|row| get(row, 0))
        .collect::<Work<_>>()?;
    let Some(taken) = new.keys.iter().find(|key| !inserted.contains(*key)) else {
        return Ok(());
    };
    match idempotency::find(db, *taken).await? {
        Some(earlier) => Err(StoreError::Replayed(Box::new(earlier)).into()),
        None => Err(Failure::damaged(
            "an idempotency key is taken and not there",
        )),
    }
}

/// Locks the warehouses until the end of the transaction. A missing one may be created by the transaction itself.
async fn hold_warehouses(db: &Session, tasks: &[NewTask]) -> Work<()> {
    let wanted = NewTasks::of(tasks).warehouses;
    let hold = "select id from warehouse where id = any($1) order by id for key share";
    db.query(hold, &[&wanted]).await?;
    Ok(())
}

/// Refuses tasks of missing warehouses and tasks whose id is taken.
async fn refuse_bad_tasks(db: &Session, tasks: &[NewTask]) -> Work<()> {
    let all = NewTasks::of(tasks);
    let row = db
        .query_one(
            "select (select wanted.id from unnest($1::uuid[]) as wanted(id)
                    where wanted.id is not null and not exists (select from warehouse
                        where warehouse.id = wanted.id) limit 1),
                (select id from task where id = any($2::uuid[]) limit 1)",
            &[&all.warehouses, &all.ids],
        )
        .await?;
    let missing: Option<Uuid> = get(&row, 0)?;
    let taken: Option<Uuid> = get(&row, 1)?;
    match (missing, taken) {
        (Some(warehouse), _) => Err(not_found(Entity::Warehouse(warehouse.into()))),
        (_, Some(task)) => Err(already_exists(Entity::Task(task.into()))),
        (None, None) => Ok(()),
    }
}

/// The prepared statements that write effects.
pub(crate) struct Statements {
    pub(crate) events: Option<Statement>,
    pub(crate) tasks: Option<Statement>,
    pub(crate) grants: Option<Statement>,
}

/// Prepares the statements, and refuses tasks that cannot be queued.
pub(crate) async fn prepare(db: &Session, effects: &Effects) -> Work<Statements> {
    let events = match effects.events.as_slice() {
        [] => None,
        _ => Some(db.prepare(INSERT_EVENTS).await?),
    };
    let tasks = match effects.tasks.as_slice() {
        [] => None,
        tasks => {
            refuse_bad_tasks(db, tasks).await?;
            Some(db.prepare(INSERT_TASKS).await?)
        }
    };
    let grants = match effects.grants.as_slice() {
        [] => None,
        _ => Some(db.prepare(grants::INSERT).await?),
    };
    Ok(Statements {
        events,
        tasks,
        grants,
    })
}

/// Writes the grants on what the change has created.
pub(crate) async fn give(
    db: &Session,
    statement: Option<&Statement>,
    grants: &[Grant],
) -> Work<()> {
    let Some(statement) = statement else {
        return Ok(());
    };
    let new = NewGrants::of(grants);
    db.run(
        statement,
        &[
            &new.securables,
            &new.principals,
            &new.privileges,
            &new.kinds,
            &new.ids,
            &new.projects,
            &None::<i64>,
        ],
    )
    .await?;
    Ok(())
}

const INSERT_EVENTS: &str = "insert into outbox (kind, at, warehouse_id, subject, body, origin)
    select * from unnest($1::text[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[])";

/// Writes the events.
pub(crate) async fn tell(
    db: &Session,
    statement: Option<&Statement>,
    events: &[Event],
) -> Work<()> {
    let Some(statement) = statement else {
        return Ok(());
    };
    let all = Events::of(events)?;
    db.run(
        statement,
        &[
            &all.kinds,
            &all.times,
            &all.warehouses,
            &all.subjects,
            &all.bodies,
            &all.origins,
        ],
    )
    .await?;
    Ok(())
}

const INSERT_TASKS: &str = "with new as materialized (
        select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[],
                $7::text[], $8::uuid[], $9::text[], $10::text[], $11::bigint[], $12::uuid[])
            as new(id, queue, warehouse_id, subject, payload, due_at, project_id, tabular_id,
                tabular_kind, tabular_path, created_at, parent_id)
    ), queued as (
        insert into task (id, queue, warehouse_id, project_id, tabular_id, tabular_kind, tabular_path,
            subject, payload, created_at, scheduled_for, due_at, parent_id)
        select new.id, queue, warehouse_id, coalesce(warehouse.project_id, new.project_id), tabular_id,
            tabular_kind, tabular_path, subject, payload, new.created_at, due_at, due_at,
            parent_id
        from new left join warehouse on warehouse.id = new.warehouse_id order by new.id
    )
    insert into task_turn (warehouse_id, project_id, queue, turn)
    select distinct warehouse_id, project_id, queue, 0 from new order by 1, 2, 3
    on conflict do nothing";

/// Writes the tasks.
pub(crate) async fn queue(
    db: &Session,
    statement: Option<&Statement>,
    tasks: &[NewTask],
) -> Work<()> {
    let Some(statement) = statement else {
        return Ok(());
    };
    let all = NewTasks::of(tasks);
    let queued = db
        .run(
            statement,
            &[
                &all.ids,
                &all.queues,
                &all.warehouses,
                &all.subjects,
                &all.payloads,
                &all.due,
                &all.projects,
                &all.tabular_ids,
                &all.tabular_kinds,
                &all.tabular_paths,
                &all.created,
                &all.parents,
            ],
        )
        .await;
    match (queued, tasks) {
        (Err(failure), [task, ..]) if failure.constraint() == Some("task_pkey") => {
            Err(already_exists(Entity::Task(task.id)))
        }
        (Err(failure), [task, ..]) if failure.constraint() == Some("task_project") => {
            Err(not_found(task_config::entity(&task.scope)))
        }
        (Err(failure), _) => Err(failure),
        (Ok(_), _) => Ok(()),
    }
}

/// Events as columns.
#[derive(Default)]
pub(crate) struct Events<'a> {
    pub(crate) kinds: Vec<String>,
    pub(crate) times: Vec<i64>,
    pub(crate) warehouses: Vec<Option<Uuid>>,
    pub(crate) subjects: Vec<&'a str>,
    pub(crate) bodies: Vec<&'a str>,
    pub(crate) origins: Vec<String>,
}

impl<'a> Events<'a> {
    pub(crate) fn of(events: &'a [Event]) -> Work<Self> {
        let mut all = Self::default();
        for event in events {
            all.kinds.push(event_kind_as_str(event.kind)?);
            all.times.push(event.at.as_ms());
            all.warehouses
                .push(event.warehouse.map(model::WarehouseId::as_uuid));
            all.subjects.push(&event.subject);
            all.bodies.push(event.body.get());
            all.origins.push(event.origin.to_stored());
        }
        Ok(all)
    }
}

/// Tasks as columns.
#[derive(Default)]
pub(crate) struct NewTasks<'a> {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) queues: Vec<&'a str>,
    pub(crate) warehouses: Vec<Option<Uuid>>,
    /// The project of a task that belongs to no warehouse.
    pub(crate) projects: Vec<Option<&'a str>>,
    pub(crate) tabular_ids: Vec<Option<Uuid>>,
    pub(crate) tabular_kinds: Vec<Option<&'static str>>,
    pub(crate) tabular_paths: Vec<Option<String>>,
    pub(crate) subjects: Vec<&'a str>,
    pub(crate) payloads: Vec<&'a str>,
    pub(crate) created: Vec<i64>,
    pub(crate) due: Vec<i64>,
    pub(crate) parents: Vec<Option<Uuid>>,
}

impl<'a> NewTasks<'a> {
    pub(crate) fn of(tasks: impl IntoIterator<Item = &'a NewTask>) -> Self {
        let mut all = Self::default();
        for task in tasks {
            all.ids.push(task.id.as_uuid());
            all.queues.push(task.queue);
            let (warehouse, project) = task_config::columns(&task.scope);
            all.warehouses.push(warehouse);
            all.projects.push(project);
            let tabular = task.tabular.as_ref();
            all.tabular_ids
                .push(tabular.map(|tabular| tabular.id.as_uuid()));
            all.tabular_kinds
                .push(tabular.map(|tabular| tabular.kind.as_str()));
            let path = |path: &[String]| serde_json::Value::from(path).to_string();
            all.tabular_paths
                .push(tabular.map(|tabular| path(&tabular.path)));
            all.created.push(task.created_at.as_ms());
            all.subjects.push(&task.subject);
            all.payloads.push(&task.payload);
            all.due.push(task.not_before.as_ms());
            all.parents.push(task.parent.map(TaskId::as_uuid));
        }
        all
    }
}
