//! Tasks: the configuration of queues, and the tasks of projects that always exist.

use model::{ProjectId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use store::{Entity, NewTask, TaskConfig, TaskScope};

use crate::effects::insert_task;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::row;
use crate::task_state::{holder, is_project};

pub(crate) fn load(db: &Connection, scope: &TaskScope, queue: &str) -> Work<Option<TaskConfig>> {
    let found = db
        .prepare_cached(
            "select max_heartbeat_age, config from task_config
             where holder = ?1 and queue = ?2 and (warehouse_id is null) = ?3",
        )?
        .query_row(params![holder(scope), queue, is_project(scope)], |row| {
            Ok(TaskConfig {
                max_heartbeat_age: row.get(0)?,
                config: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found)
}

pub(crate) fn set(
    db: &Connection,
    scope: &TaskScope,
    queue: &str,
    config: &TaskConfig,
) -> Work<()> {
    let (warehouse, project) = match scope {
        TaskScope::Warehouse(id) => (Some(id.as_uuid()), None),
        TaskScope::Project(id) => (None, Some(id.as_str())),
    };
    let there = db
        .prepare_cached(
            "select 1 where exists (select 1 from warehouse where id = ?1)
             or exists (select 1 from project where id = ?2)",
        )?
        .exists(params![warehouse, project])?;
    if !there {
        return Err(not_found(entity(scope)));
    }
    let set = db
        .prepare_cached(
            "insert into task_config (warehouse_id, project_id, queue, max_heartbeat_age, config)
             values (?1, ?2, ?3, ?4, ?5) on conflict (holder, queue) do update
             set max_heartbeat_age = excluded.max_heartbeat_age, config = excluded.config
             where (task_config.warehouse_id is null) = (excluded.warehouse_id is null)",
        )?
        .execute(params![
            warehouse,
            project,
            queue,
            config.max_heartbeat_age,
            config.config
        ])?;
    match set {
        0 => Err(already_exists(entity(scope))),
        _ => Ok(()),
    }
}

pub(crate) fn entity(scope: &TaskScope) -> Entity {
    match scope {
        TaskScope::Warehouse(id) => Entity::Warehouse(*id),
        TaskScope::Project(id) => Entity::Project(id.clone()),
    }
}

pub(crate) fn idle_projects(
    db: &Connection,
    queue: &str,
    limit: u32,
) -> Work<Vec<(ProjectId, Option<Timestamp>)>> {
    let mut statement = db.prepare_cached(
        "select id, (select max(ended_at) from task_log
                     where holder = project.id and warehouse_id is null and is_last
                         and queue = ?1)
         from project where not exists (select 1 from task
             where queue = ?1 and project_id = project.id and warehouse_id is null)
         order by id limit ?2",
    )?;
    row::all(statement.query(params![queue, limit])?, |row| {
        let project: String = row.get(0)?;
        let ended: Option<i64> = row.get(1)?;
        let project = project.parse().map_err(Failure::damaged)?;
        Ok((project, ended.map(Timestamp::from_ms)))
    })
}

pub(crate) fn queue_for_projects(db: &Connection, tasks: &[NewTask]) -> Work<()> {
    for task in tasks {
        let TaskScope::Project(project) = &task.scope else {
            continue;
        };
        let idle = db
            .prepare_cached(
                "select 1 from project where id = ?1 and not exists (select 1 from task
                     where queue = ?2 and project_id = ?1 and warehouse_id is null)",
            )?
            .exists(params![project.as_str(), task.queue])?;
        if idle {
            insert_task(db, task)?;
        }
    }
    Ok(())
}
