//! The facts for an external authorization engine, read by their keys: a read costs only as much as it returns.

use rusqlite::{Connection, params};
use store::{Fact, FactKey, FactKind};

use crate::error::Work;
use crate::mirror::fact;
use crate::row;

/// The id in `?1`: a blob in the database, a text in a [`FactKey`]. The empty text sorts before all ids.
const ID: &str = "unhex(replace(?1, '-', ''))";

/// The select that yields the facts of a kind.
fn rows(kind: FactKind) -> String {
    let (id, warehouse) = (text("id"), text("warehouse_id"));
    let (namespace, parent, role) = (text("namespace_id"), text("parent_id"), text("role_id"));
    let in_project = |kind: &str, table: &str| {
        format!(
            "select '{kind}/' || {id}, 'parent', 'project/' || project_id from {table} where true"
        )
    };
    let is_managed = |kind: &str| {
        format!("select '{kind}/' || {id}, 'managed', '' from {kind} where managed_access = 1")
    };
    match kind {
        FactKind::Project => {
            "select 'project/' || id, 'parent', 'server' from project where true".to_owned()
        }
        FactKind::Warehouse => in_project("warehouse", "warehouse"),
        FactKind::Namespace => format!(
            "select 'namespace/' || {id}, 'parent',
                     coalesce('namespace/' || {parent}, 'warehouse/' || {warehouse})
                 from namespace where true"
        ),
        FactKind::Tabular => format!(
            "select kind || '/' || {id}, 'parent', 'namespace/' || {namespace}
                 from tabular where true"
        ),
        FactKind::Role => in_project("role", "role"),
        FactKind::TagDefinition => in_project("tag-definition", "tag_definition"),
        FactKind::Member => {
            format!("select 'role/' || {role}, 'member', member from role_member where true")
        }
        FactKind::Given => {
            "select securable, privilege, principal from grant_entry where true".to_owned()
        }
        FactKind::ManagedWarehouse => is_managed("warehouse"),
        FactKind::ManagedNamespace => is_managed("namespace"),
    }
}

/// The facts after the key `?1`, `?2`, `?3`, at most `?4`.
fn page_of(kind: FactKind) -> String {
    let (behind, order) = match kind.key() {
        FactKey::Project => ("id > ?1".to_owned(), "id"),
        FactKey::Id => (format!("id > {ID}"), "id"),
        FactKey::Member => (format!("(role_id, member) > ({ID}, ?2)"), "role_id, member"),
        FactKey::Given => (
            "(securable, principal, privilege) > (?1, ?2, ?3)".to_owned(),
            "securable, principal, privilege",
        ),
    };
    let rows = rows(kind);
    format!("{rows} and {behind} order by {order} limit ?4")
}

/// The fact with the key `?1`, `?2`, `?3`. Every parameter must occur, so `?3` is tested even where it is not
/// needed.
fn probe_of(kind: FactKind) -> String {
    let found = match kind.key() {
        FactKey::Project => "id = ?1".to_owned(),
        FactKey::Id => format!("id = {ID}"),
        FactKey::Member => format!("role_id = {ID} and member = ?2"),
        FactKey::Given => "securable = ?1 and principal = ?2 and privilege = ?3".to_owned(),
    };
    let rows = rows(kind);
    format!("{rows} and {found} and ?3 is not null")
}

/// The SQL that prints an id as text; null stays null.
fn text(id: &str) -> String {
    let part = |from: u8, length: u8| format!("substr(hex({id}), {from}, {length})");
    let parts = [
        part(1, 8),
        part(9, 4),
        part(13, 4),
        part(17, 4),
        part(21, 12),
    ];
    format!(
        "iif({id} is null, null, lower({}))",
        parts.join(" || '-' || ")
    )
}

/// A page of facts: one kind after the other, each sorted by its key.
pub(crate) fn page(db: &Connection, after: Option<&Fact>, limit: u32) -> Work<Vec<Fact>> {
    let (first, mut behind) = match after.map(Fact::key) {
        None => (FactKind::Project, Default::default()),
        Some(Some(key)) => key,
        // No facts follow one that no database can contain.
        Some(None) => return Ok(Vec::new()),
    };
    let mut found = Vec::new();
    for kind in first.and_behind() {
        let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        if left == 0 {
            break;
        }
        let mut statement = db.prepare_cached(&page_of(kind))?;
        let [first, second, third] = &behind;
        let rows = statement.query(params![first, second, third, left])?;
        found.extend(row::all(rows, fact)?);
        behind = Default::default();
    }
    Ok(found)
}

/// Whether the fact holds.
pub(crate) fn holds(db: &Connection, asked: &Fact) -> Work<bool> {
    let Some((kind, [first, second, third])) = asked.key() else {
        return Ok(false);
    };
    let mut statement = db.prepare_cached(&probe_of(kind))?;
    let rows = statement.query(params![first, second, third])?;
    Ok(row::all(rows, fact)?.contains(asked))
}
