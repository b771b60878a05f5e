//! Searches for tables and views.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{FoundTabular, NameLike, TabularSearch, Wanted};
use uuid::Uuid;

use crate::error::Work;
use crate::namespace;
use crate::row;

pub(crate) fn search(db: &Connection, search: &TabularSearch) -> Work<Vec<FoundTabular>> {
    match &search.wanted {
        Wanted::Id(id) => load(db, search, by_id(db, search, *id)?),
        Wanted::Name(like) => by_name(db, search, like),
    }
}

fn load(
    db: &Connection,
    search: &TabularSearch,
    ids: impl IntoIterator<Item = Uuid>,
) -> Work<Vec<FoundTabular>> {
    let mut statement = db.prepare_cached(
        "select t.id, t.kind, t.name, n.id, n.path from tabular as t
         join namespace as n on n.id = t.namespace_id
         where t.id = ?1 and t.warehouse_id = ?2 and t.deleted_at is null",
    )?;
    let mut all = Vec::new();
    for id in ids {
        let asked = params![id, search.warehouse.as_uuid()];
        let one = statement
            .query_row(asked, |row| Ok(found(row)))
            .optional()?;
        all.extend(one.transpose()?);
    }
    Ok(all)
}

/// Candidates from the search index, one query for each set of trigrams.
fn by_name(db: &Connection, search: &TabularSearch, like: &NameLike) -> Work<Vec<FoundTabular>> {
    let mut statement = db.prepare_cached(
        "select t.id from tabular_search as s cross join tabular_number as n on n.number = s.rowid
         cross join tabular as t on t.id = n.tabular_id
         where tabular_search match ?1 and t.warehouse_id = ?2 and t.deleted_at is null limit ?3",
    )?;
    let warehouse = search.warehouse.as_uuid();
    let mut all: Vec<FoundTabular> = Vec::new();
    for stage in &like.stages {
        let mut new = BTreeSet::new();
        for set in stage {
            let quoted = set
                .iter()
                .map(|term| format!("\"{}\"", term.replace('"', "\"\"")));
            let wanted = quoted.collect::<Vec<_>>().join(" AND ");
            let rows = statement.query(params![wanted, warehouse, TabularSearch::CANDIDATES])?;
            new.extend(row::all(rows, |row| Ok(row.get::<_, Uuid>(0)?))?);
        }
        for known in &all {
            new.remove(&known.id.as_uuid());
        }
        all.extend(load(db, search, new)?);
        if search.is_enough(all.iter()) {
            break;
        }
    }
    Ok(all)
}

fn by_id(db: &Connection, search: &TabularSearch, id: Uuid) -> Work<Vec<Uuid>> {
    let mut statement = db.prepare_cached(
        "select id from tabular where id = ?1 and warehouse_id = ?2 and deleted_at is null
         union select id from tabular
         where namespace_id = ?1 and warehouse_id = ?2 and deleted_at is null
         order by id limit ?3",
    )?;
    let warehouse = search.warehouse.as_uuid();
    let rows = statement.query(params![id, warehouse, TabularSearch::CANDIDATES])?;
    row::all(rows, |row| Ok(row.get(0)?))
}

fn found(row: &Row<'_>) -> Work<FoundTabular> {
    let (kind, path): (String, String) = (row.get(1)?, row.get(4)?);
    Ok(FoundTabular {
        id: row.get::<_, Uuid>(0)?.into(),
        kind: row::kind(&kind)?,
        name: row.get(2)?,
        namespace: row.get::<_, Uuid>(3)?.into(),
        path: namespace::path(&path)?,
    })
}
