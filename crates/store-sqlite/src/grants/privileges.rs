//! Privileges on the paths to places, on things, and below things.

use model::{
    NamespaceId, Principal, Privilege, Privileges, ProjectId, SEPARATOR, Securable, Version,
    WarehouseId,
};
use rusqlite::{Connection, OptionalExtension, params};
use store::{Below, PathBuilder, Place, Step};
use uuid::Uuid;

use crate::error::{Failure, Work};
use crate::row;

/// The things on the paths to the places, each looked up once: one index probe for each thing, and one for each
/// principal on it.
pub(super) fn paths(
    db: &Connection,
    principals: &[Principal],
    places: &[Place],
) -> Work<PathBuilder> {
    let principals = texts(principals);
    let mut paths = PathBuilder {
        server: given(db, &principals, &Securable::Server)?,
        ..PathBuilder::default()
    };
    for place in places {
        match place {
            Place::Server => {}
            Place::Project(id) => add_project(db, &principals, id.clone(), &mut paths)?,
            Place::Warehouse(id) => add_warehouse(db, &principals, *id, &mut paths)?,
            Place::Namespace(id) => add_namespaces(db, &principals, *id, &mut paths)?,
        }
    }
    Ok(paths)
}

fn add_project(
    db: &Connection,
    principals: &[String],
    id: ProjectId,
    paths: &mut PathBuilder,
) -> Work<()> {
    if paths.projects.contains_key(&id) {
        return Ok(());
    }
    let there = db
        .prepare_cached("select 1 from project where id = ?1")?
        .exists([id.as_str()])?;
    if there {
        let given = given(db, principals, &Securable::Project(id.clone()))?;
        paths.projects.insert(id, given);
    }
    Ok(())
}

fn add_warehouse(
    db: &Connection,
    principals: &[String],
    id: WarehouseId,
    paths: &mut PathBuilder,
) -> Work<()> {
    if paths.warehouses.contains_key(&id) {
        return Ok(());
    }
    let found: Option<(String, i64, bool)> = db
        .prepare_cached(
            "select project_id, grants_version, managed_access from warehouse where id = ?1",
        )?
        .query_row([id.as_uuid()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((project, version, managed)) = found else {
        return Ok(());
    };
    let project: ProjectId = project.parse().map_err(Failure::damaged)?;
    let on = Securable::Warehouse(id);
    let step = Step {
        given: given(db, principals, &on)?,
        on,
        managed: managed.into(),
    };
    let version = Version::from_i64(version);
    paths
        .warehouses
        .insert(id, (project.clone(), version, step));
    add_project(db, principals, project, paths)
}

fn add_namespaces(
    db: &Connection,
    principals: &[String],
    id: NamespaceId,
    paths: &mut PathBuilder,
) -> Work<()> {
    let mut next = Some(id);
    while let Some(id) = next {
        if paths.namespaces.contains_key(&id) {
            return Ok(());
        }
        let found: Option<(Uuid, Option<Uuid>, bool)> = db
            .prepare_cached(
                "select warehouse_id, parent_id, managed_access from namespace where id = ?1",
            )?
            .query_row([id.as_uuid()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((warehouse, parent, managed)) = found else {
            return Ok(());
        };
        let (warehouse, on) = (WarehouseId::from(warehouse), Securable::Namespace(id));
        let step = Step {
            given: given(db, principals, &on)?,
            on,
            managed: managed.into(),
        };
        next = parent.map(NamespaceId::from);
        paths.namespaces.insert(id, (warehouse, next, step));
        add_warehouse(db, principals, warehouse, paths)?;
    }
    Ok(())
}

pub(super) fn given(db: &Connection, principals: &[String], on: &Securable) -> Work<Privileges> {
    let mut statement = db.prepare_cached(
        "select privilege from grant_entry where securable = ?1 and principal = ?2",
    )?;
    let (on, mut all) = (on.to_string(), Privileges::NONE);
    for principal in principals {
        let rows = statement.query([&on, principal])?;
        let some = row::all(rows, |row| privilege(&row.get::<_, String>(0)?))?;
        all = all.and(some.into_iter().collect());
    }
    Ok(all)
}

const BELOW_PROJECT: &str = "select 1 from grant_entry
     where principal = ?1 and is_live = ?2 and project_id = ?3
         and securable <> 'project/' || ?3 limit 1";
const BELOW_WAREHOUSE: &str = "select 1 from warehouse as w cross join grant_entry as g
     where w.id = ?3 and g.principal = ?1 and g.is_live = ?2 and g.project_id = w.project_id
         and g.warehouse_id = w.id and g.path_key > '' limit 1";
/// The keys below a namespace begin with its path key and the separator; a space is the character after the
/// separator.
const BELOW_NAMESPACE: &str = "select 1 from namespace as n cross join warehouse as w
         cross join grant_entry as g
     where n.id = ?3 and w.id = n.warehouse_id
         and g.principal = ?1 and g.is_live = ?2 and g.project_id = w.project_id
         and g.warehouse_id = w.id and g.path_key >= n.path_key || ?4
         and g.path_key < n.path_key || ' ' limit 1";

/// One index probe for each principal; two where soft-deleted things count.
pub(super) fn below(
    db: &Connection,
    principals: &[String],
    of: &Securable,
    counted: Below,
) -> Work<bool> {
    let live: &[bool] = match counted {
        Below::Live => &[true],
        Below::Kept => &[true, false],
    };
    for (principal, is_live) in principals
        .iter()
        .flat_map(|one| live.iter().map(move |is_live| (one, *is_live)))
    {
        let found = match of {
            Securable::Project(id) => db.prepare_cached(BELOW_PROJECT)?.exists(params![
                principal,
                is_live,
                id.as_str()
            ])?,
            Securable::Warehouse(id) => db.prepare_cached(BELOW_WAREHOUSE)?.exists(params![
                principal,
                is_live,
                id.as_uuid()
            ])?,
            Securable::Namespace(id) => db.prepare_cached(BELOW_NAMESPACE)?.exists(params![
                principal,
                is_live,
                id.as_uuid(),
                SEPARATOR.to_string()
            ])?,
            _ => false,
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn texts(all: &[Principal]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

pub(super) fn privilege(text: &str) -> Work<Privilege> {
    Privilege::from_name(text)
        .ok_or_else(|| Failure::damaged(format!("unknown privilege `{text}`")))
}

#[cfg(test)]
mod tests;
