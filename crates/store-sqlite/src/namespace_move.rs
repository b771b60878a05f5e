//! Moves namespaces with everything that they hold.

use std::collections::BTreeSet;

use model::{NamespaceId, TabularId};
use rusqlite::{Connection, OptionalExtension, params};
use store::{Entity, NamespaceMove};
use uuid::Uuid;

use crate::error::{Failure, Work, already_exists, not_found, stale};
use crate::grants::Reach;
use crate::namespace::BELOW;
use crate::row;

pub(crate) fn relocate(db: &Connection, change: &NamespaceMove) -> Work<()> {
    check_seen(db, change)?;
    check_tabulars(db, change)?;
    check_target(db, change)?;
    Reach::Warehouse(change.warehouse.as_uuid()).step(db)?;
    step_tabulars(db, change)?;
    change_paths(db, change)
}

/// Checks that the namespace and everything below it are as they were seen.
fn check_seen(db: &Connection, change: &NamespaceMove) -> Work<()> {
    let at = [change.id.as_uuid(), change.warehouse.as_uuid()];
    let count = format!("{BELOW} select count(*) from below");
    let count: i64 = db.prepare_cached(&count)?.query_row(at, |row| row.get(0))?;
    if count == 0 {
        return Err(not_found(Entity::Namespace(change.id)));
    }
    let mut find = db.prepare_cached(
        "select 1 from namespace where id = ?1 and version = ?2 and (dropped_with is null) = ?3",
    )?;
    let below = change
        .below
        .iter()
        .map(|below| (below.id, below.version, below.is_live));
    for (id, version, is_live) in below.chain([(change.id, change.expected, true)]) {
        if !find.exists(params![id.as_uuid(), version.as_i64(), is_live])? {
            return Err(stale());
        }
    }
    let is_in_itself =
        |home| home == change.id || change.below.iter().any(|below| below.id == home);
    let seen = i64::try_from(change.below.len() + 1).map_err(Failure::damaged)?;
    if count != seen || change.parent.is_some_and(is_in_itself) {
        return Err(stale());
    }
    Ok(())
}

/// Checks that the live tables and views are those that were seen, if the caller has listed them.
fn check_tabulars(db: &Connection, change: &NamespaceMove) -> Work<()> {
    let Some(seen) = &change.tabulars else {
        return Ok(());
    };
    let mut find = db.prepare_cached(&format!(
        "{BELOW} select namespace_id, id, name from tabular
         where deleted_at is null and namespace_id in (select id from below)"
    ))?;
    let rows = find.query([change.id.as_uuid(), change.warehouse.as_uuid()])?;
    let found = row::all(rows, |row| {
        let (home, id): (Uuid, Uuid) = (row.get(0)?, row.get(1)?);
        Ok((NamespaceId::from(home), TabularId::from(id), row.get(2)?))
    })?;
    let found: BTreeSet<_> = found.into_iter().collect();
    if found == *seen { Ok(()) } else { Err(stale()) }
}

fn check_target(db: &Connection, change: &NamespaceMove) -> Work<()> {
    let mut find = db.prepare_cached(
        "select id from namespace
         where warehouse_id = ?1 and path_key = ?2 and dropped_with is null",
    )?;
    let mut at = |key: &str| -> Work<Option<NamespaceId>> {
        let found = find.query_row(params![change.warehouse.as_uuid(), key], |row| {
            row.get::<_, Uuid>(0)
        });
        Ok(found.optional()?.map(NamespaceId::from))
    };
    if let Some(around) = change.path.parent()
        && at(around.key().as_str())? != change.parent
    {
        return Err(not_found(Entity::NamespacePath(around)));
    }
    if at(change.path.key().as_str())?.is_some_and(|there| there != change.id) {
        return Err(already_exists(Entity::NamespacePath(change.path.clone())));
    }
    Ok(())
}

/// Increments the versions of the tables and views, so that what was resolved by a former name is resolved again.
fn step_tabulars(db: &Connection, change: &NamespaceMove) -> Work<()> {
    db.prepare_cached(&format!(
        "{BELOW} update tabular set version = version + 1
         where deleted_at is null and namespace_id in (select id from below)"
    ))?
    .execute([change.id.as_uuid(), change.warehouse.as_uuid()])?;
    Ok(())
}

fn change_paths(db: &Connection, change: &NamespaceMove) -> Work<()> {
    let mut update = db.prepare_cached(
        "update namespace set path = ?2, path_key = ?3, version = version + 1 where id = ?1",
    )?;
    let below = change.below.iter().map(|below| (below.id, &below.path));
    for (id, path) in below.chain([(change.id, &change.path)]) {
        let levels = serde_json::to_string(path.levels()).map_err(Failure::damaged)?;
        update.execute(params![id.as_uuid(), levels, path.key().as_str()])?;
    }
    db.prepare_cached("update namespace set parent_id = ?2, updated_at = ?3 where id = ?1")?
        .execute(params![
            change.id.as_uuid(),
            change.parent.map(NamespaceId::as_uuid),
            change.at.as_ms(),
        ])?;
    Ok(())
}
