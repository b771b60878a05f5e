//! The facts for an external authorization engine, read by their keys: a read costs only as much as it returns.

use std::collections::{HashMap, HashSet};

use store::{Fact, FactKey, FactKind};

use crate::connection::Session;
use crate::error::Work;
use crate::mirror::fact;
use crate::row;

/// The parts of the key `$1`; without a key, the values that sort before all others.
const FIRST: &str = "coalesce(($1::text[])[1], '')";
const SECOND: &str = "coalesce(($1::text[])[2], '')";
const THIRD: &str = "coalesce(($1::text[])[3], '')";
const FIRST_ID: &str = "coalesce(($1::text[])[1], '00000000-0000-0000-0000-000000000000')::uuid";

/// The select that yields the facts of a kind.
const fn rows(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Project => "select 'project/' || id, 'parent', 'server' from project where true",
        FactKind::Warehouse => {
            "select 'warehouse/' || id, 'parent', 'project/' || project_id
             from warehouse where true"
        }
        FactKind::Namespace => {
            "select 'namespace/' || id, 'parent',
                 coalesce('namespace/' || parent_id, 'warehouse/' || warehouse_id)
             from namespace where true"
        }
        FactKind::Tabular => {
            "select kind || '/' || id, 'parent', 'namespace/' || namespace_id
             from tabular where true"
        }
        FactKind::Role => {
            "select 'role/' || id, 'parent', 'project/' || project_id from role where true"
        }
        FactKind::TagDefinition => {
            "select 'tag-definition/' || id, 'parent', 'project/' || project_id
             from tag_definition where true"
        }
        FactKind::Member => {
            "select 'role/' || role_id, 'member', member from role_member where true"
        }
        FactKind::Given => "select securable, privilege, principal from grant_entry where true",
        FactKind::ManagedWarehouse => {
            "select 'warehouse/' || id, 'managed', '' from warehouse where managed_access"
        }
        FactKind::ManagedNamespace => {
            "select 'namespace/' || id, 'managed', '' from namespace where managed_access"
        }
    }
}

/// The facts after the key `$1`, from the first one if it is null; at most `$2`.
fn page_of(kind: FactKind) -> String {
    let (behind, order) = match kind.key() {
        FactKey::Project => (format!("id > {FIRST}"), "id"),
        // A nil id, the first of all, must be included if there is no key.
        FactKey::Id => (
            format!("id >= {FIRST_ID} and id is distinct from ($1::text[])[1]::uuid"),
            "id",
        ),
        FactKey::Member => (
            format!("(role_id, member) > ({FIRST_ID}, {SECOND})"),
            "role_id, member",
        ),
        FactKey::Given => (
            format!("(securable, principal, privilege) > ({FIRST}, {SECOND}, {THIRD})"),
            "securable, principal, privilege",
        ),
    };
    let rows = rows(kind);
    format!("{rows} and {behind} order by {order} limit $2")
}

/// The facts with the keys `$1`, `$2`, `$3`: one index probe for each.
fn probe_of(kind: FactKind) -> String {
    let found = match kind.key() {
        FactKey::Project => "id = asked.first",
        FactKey::Id => "id = asked.first::uuid",
        FactKey::Member => "role_id = asked.first::uuid and member = asked.second",
        FactKey::Given => {
            "securable = asked.first and principal = asked.second and privilege = asked.third"
        }
    };
    let rows = rows(kind);
    format!(
        "select fact.* from unnest($1::text[], $2::text[], $3::text[])
             as asked (first, second, third)
         cross join lateral ({rows} and {found} offset 0) as fact"
    )
}

/// A page of facts: one kind after the other, each sorted by its key.
pub(crate) async fn page(db: &Session, after: Option<&Fact>, limit: u32) -> Work<Vec<Fact>> {
    let (first, mut behind) = match after.map(Fact::key) {
        None => (FactKind::Project, None),
        Some(Some((kind, key))) => (kind, Some(key.to_vec())),
        // No facts follow one that no database can contain.
        Some(None) => return Ok(Vec::new()),
    };
    let mut found = Vec::new();
    for kind in first.and_behind() {
        let left = i64::from(limit) - i64::try_from(found.len()).unwrap_or(i64::MAX);
        if left <= 0 {
            break;
        }
        let rows = db.query(&page_of(kind), &[&behind, &left]).await?;
        found.extend(row::all(&rows, fact)?);
        behind = None;
    }
    Ok(found)
}

/// Those of the facts that hold.
pub(crate) async fn among(db: &Session, facts: &[Fact]) -> Work<HashSet<Fact>> {
    let mut asked: HashMap<FactKind, [Vec<String>; 3]> = HashMap::new();
    for (kind, key) in facts.iter().filter_map(Fact::key) {
        let columns = asked.entry(kind).or_default();
        for (column, word) in columns.iter_mut().zip(key) {
            column.push(word);
        }
    }
    let mut found = HashSet::new();
    for (kind, [first, second, third]) in asked {
        let probe = probe_of(kind);
        let rows = db.query(&probe, &[&first, &second, &third]).await?;
        found.extend(row::all(&rows, fact)?);
    }
    Ok(found)
}
