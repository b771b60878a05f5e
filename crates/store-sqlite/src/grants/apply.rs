//! Gives privileges and takes them back.

use model::{Grant, Principal, Securable};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use store::{Entity, GrantChange, Unchanged};
use uuid::Uuid;

use super::Reach;
use crate::error::{Work, already_exists, not_found};

/// Where a thing lies, as stored with the grants on it.
struct Lies {
    project: String,
    /// The nil UUID if the thing lies in no warehouse.
    warehouse: Uuid,
    path_key: String,
    is_live: bool,
    /// When the thing was created.
    created_at: i64,
}

/// Where a thing lies; `None` if it does not exist.
fn lies(db: &Connection, on: &Securable) -> Work<Option<Lies>> {
    let (id, none) = (on.as_uuid(), Uuid::nil());
    let (sql, params): (_, &[&dyn ToSql]) = match on {
        Securable::Server => (
            "select '', ?1, '', 1, coalesce(bootstrapped_at, 0) from server",
            &[&none],
        ),
        Securable::Project(project) => (
            "select id, ?1, '', 1, created_at from project where id = ?2",
            &[&none, &project.as_str()],
        ),
        Securable::Role(_) => (
            "select project_id, ?1, '', 1, created_at from role where id = ?2",
            &[&none, &id],
        ),
        Securable::TagDefinition(_) => (
            "select project_id, ?1, '', 1, created_at from tag_definition where id = ?2",
            &[&none, &id],
        ),
        Securable::Warehouse(_) => (
            "select project_id, id, '', 1, created_at from warehouse where id = ?1",
            &[&id],
        ),
        Securable::Namespace(_) => (
            "select w.project_id, w.id, n.path_key, n.dropped_with is null, n.created_at
             from namespace as n join warehouse as w on w.id = n.warehouse_id where n.id = ?1",
            &[&id],
        ),
        Securable::Tabular(kind, _) => (
            "select w.project_id, w.id, n.path_key || char(31), t.deleted_at is null, t.created_at
             from tabular as t join namespace as n on n.id = t.namespace_id
                 join warehouse as w on w.id = n.warehouse_id
             where t.id = ?1 and t.kind = ?2",
            &[&id, &kind.as_str()],
        ),
    };
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.query_row(params, read).optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Lies> {
    Ok(Lies {
        project: row.get(0)?,
        warehouse: row.get(1)?,
        path_key: row.get(2)?,
        is_live: row.get(3)?,
        created_at: row.get(4)?,
    })
}

/// Writes a grant that accompanies the creation of a thing. Skipped if the thing does not exist.
pub(crate) fn give(db: &Connection, grant: &Grant) -> Work<()> {
    if let Some(lies) = lies(db, &grant.on)? {
        insert(db, grant, &lies)?;
    }
    Ok(())
}

fn insert(db: &Connection, grant: &Grant, lies: &Lies) -> Work<usize> {
    let inserted = db
        .prepare_cached(
            "insert into grant_entry (securable, principal, privilege, created_at, project_id,
                 warehouse_id, path_key, is_live)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing",
        )?
        .execute(params![
            grant.on.to_string(),
            grant.to.to_string(),
            grant.privilege.as_str(),
            lies.created_at,
            lies.project,
            lies.warehouse,
            lies.path_key,
            lies.is_live,
        ])?;
    Ok(inserted)
}

/// Takes privileges back, then gives.
pub(crate) fn apply(db: &Connection, change: &GrantChange) -> Work<()> {
    let missing = || not_found(Entity::from(&change.on));
    let lies = lies(db, &change.on)?.ok_or_else(missing)?;
    let lies = Lies {
        created_at: change.at.as_ms(),
        ..lies
    };
    for (to, _) in &change.writes {
        if !is_known(db, to, &lies.project)? {
            return Err(not_found(Entity::from(to)));
        }
    }
    let mut changed = 0;
    for (to, privilege) in &change.deletes {
        let deleted = db
            .prepare_cached(
                "delete from grant_entry
                 where securable = ?1 and principal = ?2 and privilege = ?3",
            )?
            .execute(params![
                change.on.to_string(),
                to.to_string(),
                privilege.as_str()
            ])?;
        if deleted == 0 && change.unchanged == Unchanged::Refused {
            let grant = change.grant(to, *privilege);
            return Err(not_found(Entity::Grant(Box::new(grant))));
        }
        changed += deleted;
    }
    for (to, privilege) in &change.writes {
        let grant = change.grant(to, *privilege);
        let inserted = insert(db, &grant, &lies)?;
        if inserted == 0 && change.unchanged == Unchanged::Refused {
            return Err(already_exists(Entity::Grant(Box::new(grant))));
        }
        changed += inserted;
    }
    if changed > 0 {
        let reach = Reach::of(db, &change.on)?.ok_or_else(missing)?;
        reach.step(db)?;
    }
    Ok(())
}

/// Whether the principal is a known user, or a role of this project; of any project if the thing lies in none.
fn is_known(db: &Connection, to: &Principal, project: &str) -> Work<bool> {
    Ok(match to {
        Principal::User(id) => db
            .prepare_cached("select 1 from catalog_user where id = ?1")?
            .exists([id.as_str()])?,
        Principal::Role(id) => db
            .prepare_cached("select 1 from role where id = ?1 and ?2 in ('', project_id)")?
            .exists(params![id.as_uuid(), project])?,
    })
}
