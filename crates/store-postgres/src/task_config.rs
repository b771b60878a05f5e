//! Tasks: the configuration of queues, and the tasks of projects that always exist.

use model::{ProjectId, Timestamp};
use store::{Entity, NewTask, TaskConfig, TaskScope};
use uuid::Uuid;

use crate::connection::Session;
use crate::effects::NewTasks;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::row::{self, get};
use crate::task_state::{holder, is_project};

pub(crate) async fn load(db: &Session, scope: &TaskScope, queue: &str) -> Work<Option<TaskConfig>> {
    let find = "select max_heartbeat_age, config from task_config
        where holder = $1 and queue = $2 and (warehouse_id is null) = $3";
    let found = db
        .query_opt(find, &[&holder(scope), &queue, &is_project(scope)])
        .await?;
    found
        .map(|row| {
            let age = get::<Option<i64>>(&row, 0)?.map(u32::try_from);
            Ok(TaskConfig {
                max_heartbeat_age: age.transpose().map_err(Failure::damaged)?,
                config: get(&row, 1)?,
            })
        })
        .transpose()
}

pub(crate) async fn set(
    db: &Session,
    scope: &TaskScope,
    queue: &str,
    config: &TaskConfig,
) -> Work<()> {
    let (warehouse, project) = columns(scope);
    let set = db
        .execute(
            "insert into task_config (warehouse_id, project_id, queue, max_heartbeat_age, config)
             select $1::uuid, $2::text, $3, $4, $5
             where exists (select from warehouse where id = $1)
                 or exists (select from project where id = $2)
             on conflict (holder, queue) do update
             set max_heartbeat_age = excluded.max_heartbeat_age, config = excluded.config
             where (task_config.warehouse_id is null) = (excluded.warehouse_id is null)",
            &[
                &warehouse,
                &project,
                &queue,
                &config.max_heartbeat_age.map(i64::from),
                &config.config,
            ],
        )
        .await;
    match set {
        // The warehouse or project was removed at this moment.
        Err(failure) if failure.is_still_referred_to() => Err(not_found(entity(scope))),
        Err(failure) => Err(failure),
        Ok(0) if is_there(db, scope).await? => Err(already_exists(entity(scope))),
        Ok(0) => Err(not_found(entity(scope))),
        Ok(_) => Ok(()),
    }
}

async fn is_there(db: &Session, scope: &TaskScope) -> Work<bool> {
    let (warehouse, project) = columns(scope);
    let there = "select exists (select from warehouse where id = $1::uuid)
        or exists (select from project where id = $2::text)";
    get(&db.query_one(there, &[&warehouse, &project]).await?, 0)
}

pub(crate) fn entity(scope: &TaskScope) -> Entity {
    match scope {
        TaskScope::Warehouse(id) => Entity::Warehouse(*id),
        TaskScope::Project(id) => Entity::Project(id.clone()),
    }
}

/// The columns `warehouse_id, project_id`, of which one is null.
pub(crate) fn columns(scope: &TaskScope) -> (Option<Uuid>, Option<&str>) {
    match scope {
        TaskScope::Warehouse(id) => (Some(id.as_uuid()), None),
        TaskScope::Project(id) => (None, Some(id.as_str())),
    }
}

pub(crate) async fn idle_projects(
    db: &Session,
    queue: &str,
    limit: u32,
) -> Work<Vec<(ProjectId, Option<Timestamp>)>> {
    let rows = db
        .query(
            "select id, (select max(ended_at) from task_log
                         where holder = project.id and warehouse_id is null and is_last
                             and queue = $1)
             from project where not exists (select from task
                 where queue = $1 and project_id = project.id and warehouse_id is null)
             order by id limit $2",
            &[&queue, &i64::from(limit)],
        )
        .await?;
    row::all(&rows, |row| {
        let project: &str = get(row, 0)?;
        let project = project.parse().map_err(Failure::damaged)?;
        Ok((project, row::time(row, 1)?))
    })
}

/// Queues the tasks. Skips projects that are gone, or that have got their task from another replica.
pub(crate) async fn queue_for_projects(db: &Session, tasks: &[NewTask]) -> Work<()> {
    let all = NewTasks::of(tasks);
    db.execute(
        "with homes as materialized (
             select id from project where id = any($3) order by id for key share
         ), new as materialized (
             select new.*, homes.id as owner from unnest($1::uuid[], $2::text[], $3::text[], $4::text[],
                     $5::text[], $6::bigint[], $7::bigint[])
                 as new(id, queue, project_id, subject, payload, created_at, due_at)
             join homes on homes.id = new.project_id
         ), queued as (
             insert into task (id, queue, project_id, subject, payload, created_at, scheduled_for, due_at)
             select id, queue, owner, subject, payload, created_at, due_at, due_at from new
             order by owner on conflict do nothing
         )
         insert into task_turn (project_id, queue, turn) select owner, queue, 0 from new
         order by owner on conflict do nothing",
        &[
            &all.ids,
            &all.queues,
            &all.projects,
            &all.subjects,
            &all.payloads,
            &all.created,
            &all.due,
        ],
    )
    .await?;
    Ok(())
}
