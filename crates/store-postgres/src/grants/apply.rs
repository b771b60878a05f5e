//! Gives privileges and takes them back.

use std::collections::HashSet;

use model::{Grant, Principal, Privilege, ProjectId, Securable};
use store::{Entity, GrantChange, Unchanged};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Reach;
use crate::connection::Session;
use crate::error::{Work, already_exists, not_found};
use crate::row::{self, get};

/// Grants as columns.
#[derive(Default)]
pub(crate) struct NewGrants {
    pub(crate) securables: Vec<String>,
    pub(crate) principals: Vec<String>,
    pub(crate) privileges: Vec<&'static str>,
    /// The kinds of the things that the grants are on; their ids if they have a UUID; the ids of projects.
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) ids: Vec<Option<Uuid>>,
    pub(crate) projects: Vec<Option<String>>,
}

impl NewGrants {
    pub(crate) fn of<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Self {
        let mut all = Self::default();
        for grant in grants {
            all.securables.push(grant.on.to_string());
            all.principals.push(grant.to.to_string());
            all.privileges.push(grant.privilege.as_str());
            all.kinds.push(grant.on.kind());
            all.ids.push(grant.on.as_uuid());
            all.projects.push(match &grant.on {
                Securable::Project(id) => Some(id.as_str().to_owned()),
                _ => None,
            });
        }
        all
    }
}

/// Writes each grant with the place of its thing. `$7` is the creation time; if null, that of the thing. Grants on
/// missing things are skipped.
pub(crate) const INSERT: &str =
    "insert into grant_entry (securable, principal, privilege, created_at,
        project_id, warehouse_id, path_key, is_live)
    select g.securable, g.principal, g.privilege, coalesce($7::bigint, place.created_at),
        place.project_id, coalesce(place.warehouse_id, '00000000-0000-0000-0000-000000000000'),
        place.path_key, place.is_live
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[])
        as g(securable, principal, privilege, kind, id, project)
    cross join lateral (
        select '' as project_id, null::uuid as warehouse_id, '' as path_key, true as is_live,
            coalesce(bootstrapped_at, 0) as created_at
        from server where g.kind = 'server'
        union all
        select id, null, '', true, created_at from project
        where g.kind = 'project' and id = g.project
        union all
        select project_id, null, '', true, created_at from role where g.kind = 'role' and id = g.id
        union all
        select project_id, null, '', true, created_at from tag_definition
        where g.kind = 'tag-definition' and id = g.id
        union all
        select project_id, id, '', true, created_at from warehouse
        where g.kind = 'warehouse' and id = g.id
        union all
        select w.project_id, w.id, n.path_key, n.dropped_with is null, n.created_at
        from namespace n join warehouse w on w.id = n.warehouse_id
        where g.kind = 'namespace' and n.id = g.id
        union all
        select w.project_id, w.id, n.path_key || chr(31), t.deleted_at is null, t.created_at
        from tabular t join namespace n on n.id = t.namespace_id
            join warehouse w on w.id = n.warehouse_id
        where t.kind = g.kind and t.id = g.id
        offset 0
    ) as place
    on conflict do nothing";

/// Takes privileges back, then gives. Rows are locked in the order that all transactions keep: warehouses, the
/// thing, roles, users.
pub(crate) async fn apply(db: &Session, change: &GrantChange) -> Work<()> {
    let missing = || not_found(Entity::from(&change.on));
    let reach = Reach::of(db, &change.on).await?.ok_or_else(missing)?;
    let held = reach.hold(db).await?;
    if !hold(db, &change.on).await? {
        return Err(missing());
    }
    refuse_unknown(db, change).await?;
    let taken = take_back(db, change).await?;
    let given = give(db, change).await?;
    if taken || given {
        held.step(db).await?;
    }
    Ok(())
}

/// Locks the thing, so that its place stays the same; returns whether it exists.
async fn hold(db: &Session, on: &Securable) -> Work<bool> {
    let found = match on {
        Securable::Server => return Ok(true),
        Securable::Project(id) => {
            let hold = "select 1 from project where id = $1 for key share";
            db.query_opt(hold, &[&id.as_str()]).await?
        }
        Securable::Role(id) => {
            let hold = "select 1 from role where id = $1 for key share";
            db.query_opt(hold, &[&id.as_uuid()]).await?
        }
        Securable::TagDefinition(id) => {
            let hold = "select 1 from tag_definition where id = $1 for key share";
            db.query_opt(hold, &[&id.as_uuid()]).await?
        }
        Securable::Warehouse(id) => {
            let hold = "select 1 from warehouse where id = $1 for key share";
            db.query_opt(hold, &[&id.as_uuid()]).await?
        }
        Securable::Namespace(id) => {
            let hold = "select 1 from namespace where id = $1 for key share";
            db.query_opt(hold, &[&id.as_uuid()]).await?
        }
        // The table or view can be neither renamed nor soft-deleted meanwhile.
        Securable::Tabular(kind, id) => {
            let hold = "select 1 from tabular where id = $1 and kind = $2 for no key update";
            db.query_opt(hold, &[&id.as_uuid(), &kind.as_str()]).await?
        }
    };
    Ok(found.is_some())
}

/// Refuses to give a privilege to an unknown user or role.
async fn refuse_unknown(db: &Session, change: &GrantChange) -> Work<()> {
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    for (to, _) in &change.writes {
        match to {
            Principal::User(id) => users.push(id.as_str()),
            Principal::Role(id) => roles.push(id.as_uuid()),
        }
    }
    let mut known = HashSet::new();
    if !roles.is_empty() {
        let project = project_of(db, &change.on).await?;
        let hold = "select 'role:' || id from role
            where id = any($1) and project_id = coalesce($2, project_id) order by id for key share";
        let rows = db.query(hold, &[&roles, &project]).await?;
        known.extend(row::all(&rows, |row| get::<String>(row, 0))?);
    }
    if !users.is_empty() {
        let hold = "select 'user:' || id from catalog_user where id = any($1) order by id
            for key share";
        let rows = db.query(hold, &[&users]).await?;
        known.extend(row::all(&rows, |row| get::<String>(row, 0))?);
    }
    let mut wanted = change.writes.iter().map(|(to, _)| to);
    match wanted.find(|to| !known.contains(&to.to_string())) {
        None => Ok(()),
        Some(unknown) => Err(not_found(Entity::from(unknown))),
    }
}

/// The project that a thing is or lies in; `None` for the server.
async fn project_of(db: &Session, on: &Securable) -> Work<Option<String>> {
    let sql = match on {
        Securable::Server => return Ok(None),
        Securable::Project(id) => return Ok(Some(ProjectId::as_str(id).to_owned())),
        Securable::Warehouse(_) => "select project_id from warehouse where id = $1",
        Securable::Namespace(_) => {
            "select project_id from warehouse
             where id = (select warehouse_id from namespace where id = $1)"
        }
        Securable::Tabular(..) => {
            "select project_id from warehouse
             where id = (select warehouse_id from tabular where id = $1)"
        }
        Securable::Role(_) => "select project_id from role where id = $1",
        Securable::TagDefinition(_) => "select project_id from tag_definition where id = $1",
    };
    Ok(Some(get(&db.query_one(sql, &[&on.as_uuid()]).await?, 0)?))
}

/// Returns whether anything has changed.
async fn take_back(db: &Session, change: &GrantChange) -> Work<bool> {
    if change.deletes.is_empty() {
        return Ok(false);
    }
    let (principals, privileges) = columns(&change.deletes);
    let rows = db
        .query(
            "delete from grant_entry
                using unnest($2::text[], $3::text[]) as gone(principal, privilege)
             where grant_entry.securable = $1 and grant_entry.principal = gone.principal
                 and grant_entry.privilege = gone.privilege
             returning grant_entry.principal, grant_entry.privilege",
            &[&change.on.to_string(), &principals, &privileges],
        )
        .await?;
    match unchanged(change, &change.deletes, &rows)? {
        Some(grant) => Err(not_found(Entity::Grant(Box::new(grant)))),
        None => Ok(!rows.is_empty()),
    }
}

/// With [`Unchanged::Refused`], the first grant that would not change.
fn unchanged(
    change: &GrantChange,
    all: &[(Principal, Privilege)],
    changed: &[Row],
) -> Work<Option<Grant>> {
    if change.unchanged == Unchanged::Skipped {
        return Ok(None);
    }
    let changed = row::all(changed, |row| {
        Ok((get::<String>(row, 0)?, get::<String>(row, 1)?))
    })?;
    let changed: HashSet<_> = changed.into_iter().collect();
    let is_unchanged = |(to, privilege): &&(Principal, Privilege)| {
        !changed.contains(&(to.to_string(), privilege.as_str().to_owned()))
    };
    let first = all.iter().find(is_unchanged);
    Ok(first.map(|(to, privilege)| change.grant(to, *privilege)))
}

/// Returns whether anything has changed.
async fn give(db: &Session, change: &GrantChange) -> Work<bool> {
    if change.writes.is_empty() {
        return Ok(false);
    }
    let writes = change.writes.iter();
    let grants: Vec<Grant> = writes
        .map(|(to, privilege)| change.grant(to, *privilege))
        .collect();
    let new = NewGrants::of(&grants);
    let rows = db
        .query(
            &format!("{INSERT} returning principal, privilege"),
            &[
                &new.securables,
                &new.principals,
                &new.privileges,
                &new.kinds,
                &new.ids,
                &new.projects,
                &Some(change.at.as_ms()),
            ],
        )
        .await?;
    match unchanged(change, &change.writes, &rows)? {
        Some(grant) => Err(already_exists(Entity::Grant(Box::new(grant)))),
        None => Ok(!rows.is_empty()),
    }
}

fn columns(of: &[(Principal, Privilege)]) -> (Vec<String>, Vec<&'static str>) {
    of.iter()
        .map(|(to, privilege)| (to.to_string(), privilege.as_str()))
        .unzip()
}
