//! Searches for tables and views.

use std::collections::BTreeMap;

use model::TabularId;
use store::{FoundTabular, NameLike, TabularSearch, Wanted};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::connection::Session;
use crate::error::Work;
use crate::namespace;
use crate::row::{self, get};

/// Candidates from the search index, one probe for each set of trigrams. The trigrams of a set are joined by
/// U+001F.
const BY_NAME: &str = "select t.id, t.kind, t.name, n.id, n.path
    from (select distinct hit.id from unnest($2::text[]) as wanted(terms)
          cross join lateral (select id from tabular
              where tabular_terms(warehouse_id, name_key) @> string_to_array(wanted.terms, chr(31))
                  and warehouse_id is not distinct from $1 and deleted_at is null limit $3) as hit
    ) as found
    cross join lateral (select id, kind, name, namespace_id from tabular where id = found.id limit 1) as t
    cross join lateral (select id, path from namespace where id = t.namespace_id limit 1) as n";

const BY_ID: &str = "select t.id, t.kind, t.name, n.id, n.path
    from (select id from tabular where id = $2
          union select id from tabular where namespace_id = $2) as found
    cross join lateral (select id, kind, name, namespace_id from tabular
        where id = found.id and coalesce(deleted_at, 0) = 0 limit 1) as t
    join namespace as n on n.id = t.namespace_id and n.warehouse_id = $1
    order by t.id limit $3";

pub(crate) async fn search(db: &Session, search: &TabularSearch) -> Work<Vec<FoundTabular>> {
    match &search.wanted {
        Wanted::Id(id) => by_id(db, search, *id).await,
        Wanted::Name(like) => by_name(db, search, like).await,
    }
}

async fn by_name(db: &Session, search: &TabularSearch, like: &NameLike) -> Work<Vec<FoundTabular>> {
    let warehouse = search.warehouse.as_uuid();
    let text = warehouse.to_string();
    // The indexed terms begin with the last eight characters of the warehouse's id.
    let (_, letters) = text.split_at(text.len() - 8);
    let mut all: BTreeMap<TabularId, FoundTabular> = BTreeMap::new();
    for stage in &like.stages {
        let sets = stage.iter().map(|set| {
            let terms: Vec<_> = set.iter().map(|term| format!("{letters}{term}")).collect();
            terms.join("\u{1f}")
        });
        let sets: Vec<String> = sets.collect();
        let most = i64::from(TabularSearch::CANDIDATES);
        let rows = db.query(BY_NAME, &[&warehouse, &sets, &most]).await?;
        all.extend(row::all(&rows, found)?.into_iter().map(|one| (one.id, one)));
        if search.is_enough(all.values()) {
            break;
        }
    }
    Ok(all.into_values().collect())
}

async fn by_id(db: &Session, search: &TabularSearch, id: Uuid) -> Work<Vec<FoundTabular>> {
    let most = i64::from(TabularSearch::CANDIDATES);
    let rows = db
        .query(BY_ID, &[&search.warehouse.as_uuid(), &id, &most])
        .await?;
    row::all(&rows, found)
}

fn found(row: &Row) -> Work<FoundTabular> {
    Ok(FoundTabular {
        id: row::id(row, 0)?,
        kind: row::kind(get(row, 1)?)?,
        name: get(row, 2)?,
        namespace: row::id(row, 3)?,
        path: namespace::path(get(row, 4)?)?,
    })
}
