//! Tables and views: their pointers and their metadata.
//!
//! Statements that look for an id write `coalesce(deleted_at, 0) = 0`, which means `deleted_at is null` but fits no
//! index: a planner that has seen an empty table might otherwise choose to read the whole index of live names.

use std::sync::Arc;

use async_trait::async_trait;
use model::{
    NamespaceId, NamespaceKey, Page, PageItem, PageRequest, PageSize, TabularId, TabularKind,
    Timestamp, Version, WarehouseId,
};
use store::{
    AtVersion, Commit, Effects, Entity, FoundTabular, Gathered, Gathering, ListedTabular,
    PlacedTabular, Protection, Result, StoreError, TabularRename, TabularRow, TabularSearch,
    TabularStamp, Tabulars,
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::PostgresStore;
use crate::commit;
use crate::connection::{Pools, Session, in_own_task};
use crate::error::{Failure, Work, already_exists, not_found};
use crate::row::{self, PageStart, get};
use crate::search;

#[async_trait]
impl Tabulars for PostgresStore {
    async fn tabular_commit(&self, commit: Commit, effects: Effects) -> Result<()> {
        let pools = Arc::clone(&self.pools);
        in_own_task(async move { commit::apply(&pools, &commit, &effects).await }).await
    }

    async fn tabular_load(&self, warehouse: WarehouseId, id: TabularId) -> Result<TabularRow> {
        let db = self.read().await?;
        let found = load(&db, &[id]).await?.into_iter().next();
        found
            .filter(|tabular| tabular.warehouse == warehouse)
            .ok_or(StoreError::NotFound(Entity::Tabular(id)))
    }

    async fn tabular_former_locations(&self, ids: Vec<TabularId>) -> Result<Vec<String>> {
        let ids: Vec<Uuid> = ids.into_iter().map(TabularId::as_uuid).collect();
        let db = self.read().await?;
        let rows = db
            .query(
                "select location from tabular_former_location where tabular_id = any($1)",
                &[&ids],
            )
            .await?;
        Ok(row::all(&rows, |row| get(row, 0))?)
    }

    async fn tabular_find_by_location(
        &self,
        warehouse: WarehouseId,
        location: String,
    ) -> Result<Option<PlacedTabular>> {
        let db = self.read().await?;
        Ok(find_by_location(&db, warehouse, &location).await?)
    }

    async fn tabular_location_taken(
        &self,
        warehouse: WarehouseId,
        location: String,
    ) -> Result<Option<String>> {
        let db = self.read().await?;
        Ok(location_taken(&db, warehouse, &location).await?)
    }

    async fn tabular_list(
        &self,
        namespace: NamespaceId,
        kind: TabularKind,
        page: PageRequest,
    ) -> Result<Page<ListedTabular>> {
        let wanted = Wanted {
            namespace,
            kind,
            page,
        };
        self.lists.ask(wanted).await
    }

    async fn tabular_search(&self, search: TabularSearch) -> Result<Vec<(f32, FoundTabular)>> {
        let db = self.read_list().await?;
        let found = search::search(&db, &search).await?;
        Ok(search.rank(found))
    }

    async fn tabular_rename(&self, rename: TabularRename, effects: Effects) -> Result<()> {
        self.change(effects, rename, |db, rename| {
            Box::pin(change_name(db, rename))
        })
        .await
    }

    async fn tabular_protect(
        &self,
        at: AtVersion,
        protection: Protection,
        now: Timestamp,
        effects: Effects,
    ) -> Result<()> {
        let input = (at, protection, now);
        self.change(effects, input, |db, (at, protection, now)| {
            Box::pin(async move {
                let AtVersion { id, version } = *at;
                let changed = db
                    .execute(
                        "update tabular set protected = $3, version = $4, updated_at = $5
                         where id = $1 and version = $2 and coalesce(deleted_at, 0) = 0",
                        &[
                            &id.as_uuid(),
                            &version.as_i64(),
                            &bool::from(*protection),
                            &version.next().as_i64(),
                            &now.as_ms(),
                        ],
                    )
                    .await?;
                expect(db, at.id, changed).await
            })
        })
        .await
    }

    async fn tabular_drop(&self, at: AtVersion, effects: Effects) -> Result<()> {
        self.change(effects, at, |db, at| {
            Box::pin(async move {
                let removed = db
                    .execute(
                        "delete from tabular where id = $1 and version = $2 and coalesce(deleted_at, 0) = 0",
                        &[&at.id.as_uuid(), &at.version.as_i64()],
                    )
                    .await?;
                expect(db, at.id, removed).await
            })
        })
        .await
    }
}

/// A request for a page of a namespace's tables or views.
pub(crate) struct Wanted {
    namespace: NamespaceId,
    kind: TabularKind,
    page: PageRequest,
}

/// Pages that are requested at the same time are read by one statement.
pub(crate) type Lists = Gathered<Wanted, Page<ListedTabular>>;

/// Few pages in one statement: they may be long, and whoever asks for a short one waits for all of them.
const LISTS: Gathering = Gathering {
    lanes: 4,
    batch: 16,
};

pub(crate) fn gather_lists(pools: &Arc<Pools>) -> Lists {
    let pools = Arc::clone(pools);
    Gathered::asking(LISTS, move |wanted| {
        let pools = Arc::clone(&pools);
        Box::pin(async move {
            let db = pools.replica().await?;
            Ok(list(&db, &wanted).await?)
        })
    })
}

/// One index range for each page. Columns are returned as arrays, because a row for each name costs more than
/// finding it; but few arrays, because each costs a third of that. Most tables are not protected, and only generic
/// ones have a format.
const LIST: &str = "select page.ids, page.names, page.protected, page.formats
    from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])
        with ordinality as k(namespace_id, kind, after, most, place)
    cross join lateral (
        select array_agg(id) as ids, array_agg(name) as names,
            array_agg(id) filter (where protected) as protected,
            array_agg(format) filter (where format is not null) as formats
        from (select id, name, protected, format from tabular
            where namespace_id = k.namespace_id and kind = k.kind and name_key > k.after
                and deleted_at is null
            order by name_key limit k.most) as found
    ) as page
    order by k.place";

async fn list(db: &Session, wanted: &[Wanted]) -> Work<Vec<Page<ListedTabular>>> {
    let (mut namespaces, mut kinds) = (Vec::new(), Vec::new());
    let (mut after, mut most) = (Vec::new(), Vec::new());
    for one in wanted {
        let start = PageStart::of(&one.page);
        namespaces.push(one.namespace.as_uuid());
        kinds.push(one.kind.as_str());
        after.push(start.after);
        most.push(start.limit);
    }
    let rows = db
        .query(LIST, &[&namespaces, &kinds, &after, &most])
        .await?;
    let pages = rows.iter().zip(wanted);
    pages.map(|(row, one)| page(row, one.page.size)).collect()
}

/// The page that a row of [`LIST`] contains. The row has one item more if there is another page.
fn page(row: &Row, size: PageSize) -> Work<Page<ListedTabular>> {
    let (ids, names): (Vec<Uuid>, Vec<String>) = (column(row, 0)?, column(row, 1)?);
    // The ids of the protected items are in the order of `ids`.
    let mut protected = column::<Uuid>(row, 2)?.into_iter().peekable();
    let mut formats = column::<&str>(row, 3)?.into_iter();
    let items = ids.into_iter().zip(names).map(|(id, name)| {
        Ok(ListedTabular {
            id: id.into(),
            name,
            protection: protected.next_if_eq(&id).is_some().into(),
            format: row::format(formats.next())?,
        })
    });
    Ok(Page::cut(
        items.collect::<Work<_>>()?,
        size,
        PageItem::page_key,
    ))
}

/// A column that is an array; null stands for no rows.
fn column<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Work<Vec<T>> {
    Ok(get::<Option<Vec<T>>>(row, at)?.unwrap_or_default())
}

async fn find_by_location(
    db: &Session,
    warehouse: WarehouseId,
    location: &str,
) -> Work<Option<PlacedTabular>> {
    let at: Vec<&str> = row::at_and_above(location).collect();
    // One index probe for each location, whatever the planner knows about the tables.
    let found = db
        .query_opt(
            "select t.id, t.namespace_id, t.kind, t.protected, t.version, place.location
             from unnest($2::text[]) as probe(at)
             cross join lateral (select id, location_claim as location from tabular
                 where warehouse_id = $1 and location_claim = probe.at
                 union all select tabular_id, location from tabular_former_location
                 where warehouse_id = $1 and location = probe.at limit 1) as place
             cross join lateral (select * from tabular
                 where id = place.id and coalesce(deleted_at, 0) = 0 limit 1) as t
             order by length(place.location) desc limit 1",
            &[&warehouse.as_uuid(), &at],
        )
        .await?;
    found.as_ref().map(placed).transpose()
}

async fn location_taken(
    db: &Session,
    warehouse: WarehouseId,
    location: &str,
) -> Work<Option<String>> {
    let at: Vec<&str> = row::at_and_above(location).collect();
    // One index probe for each location at and above, and one for everything in it.
    let found = db
        .query_opt(
            "select place.location from unnest($2::text[]) as probe(at)
             cross join lateral (select location_claim as location from tabular
                 where warehouse_id = $1 and location_claim = probe.at
                 union all select location from tabular_former_location
                 where warehouse_id = $1 and location = probe.at
                 union all select subject from task
                 where warehouse_id = $1 and subject = probe.at limit 1) as place
             union all (select location_claim from tabular
                 where warehouse_id = $1 and location_claim >= $3::text || '/'
                     and location_claim < $3 || '0' limit 1)
             union all (select location from tabular_former_location
                 where warehouse_id = $1 and location >= $3 || '/' and location < $3 || '0'
                 limit 1)
             union all (select subject from task
                 where warehouse_id = $1 and subject >= $3 || '/' and subject < $3 || '0' limit 1)
             limit 1",
            &[&warehouse.as_uuid(), &at, &location],
        )
        .await?;
    found.map(|row| get(&row, 0)).transpose()
}

async fn change_name(db: &Session, rename: &TabularRename) -> Work<()> {
    let (id, namespace) = (rename.id.as_uuid(), rename.namespace.as_uuid());
    // The move to another namespace changes the inherited privileges. Warehouses come first in the lock order.
    db.execute(
        "update warehouse set grants_version = grants_version + 1
         where id = (select warehouse_id from tabular where id = $1 and namespace_id <> $2)",
        &[&id, &namespace],
    )
    .await?;
    // Locks the destination before the row, in the order that all transactions keep; both stay locked until the
    // end.
    let row = db
        .query_one(
            "with home as materialized (
                 select n.id from namespace n where n.id = $2 and n.dropped_with is null
                     and n.warehouse_id is not distinct from
                     (select warehouse_id from tabular where id = $1)
                     and n.path_key = coalesce($4, n.path_key)
                 for key share
             ), held as materialized (
                 select version from tabular where id = $1 and coalesce(deleted_at, 0) = 0
                     and (select count(*) from home) >= 0
                 for no key update
             )
             select (select version from held), exists (select from home),
                 exists (select from tabular where namespace_id = $2 and name_key = $3
                     and deleted_at is null and id <> $1 limit 1)",
            &[
                &id,
                &namespace,
                &rename.name.key().as_str(),
                &rename.found_at.as_ref().map(NamespaceKey::as_str),
            ],
        )
        .await?;
    let held: Option<i64> = get(&row, 0)?;
    let (has_home, is_taken): (bool, bool) = (get(&row, 1)?, get(&row, 2)?);
    let taken = || already_exists(Entity::TabularName(rename.name.clone()));
    match held.map(Version::from_i64) {
        None => return Err(not_found(Entity::Tabular(rename.id))),
        Some(version) if version != rename.expected => return Err(stale(db, &[rename.id]).await),
        Some(_) if !has_home => return Err(not_found(Entity::Namespace(rename.namespace))),
        Some(_) if is_taken => return Err(taken()),
        Some(_) => {}
    }
    let renamed = db
        .execute(
            "update tabular set namespace_id = $2, name = $3, name_key = $4, version = $5,
                 updated_at = $6 where id = $1",
            &[
                &id,
                &namespace,
                &rename.name.as_str(),
                &rename.name.key().as_str(),
                &rename.expected.next().as_i64(),
                &rename.at.as_ms(),
            ],
        )
        .await;
    match renamed {
        Err(failure) if failure.constraint() == Some("tabular_name") => Err(taken()),
        renamed => renamed.map(|_| ()),
    }
}

/// Refuses if an update found no row: the table or view is gone or has another version.
pub(crate) async fn expect(db: &Session, id: TabularId, changed: u64) -> Work<()> {
    if changed == 1 {
        return Ok(());
    }
    match stale(db, &[id]).await {
        Failure::Refused(StoreError::Stale { current }) if current.is_empty() => {
            Err(not_found(Entity::Tabular(id)))
        }
        failure => Err(failure),
    }
}

/// `Stale` with those of the rows that are still live.
pub(crate) async fn stale(db: &Session, moved_on: &[TabularId]) -> Failure {
    match load(db, moved_on).await {
        Ok(current) => StoreError::Stale { current }.into(),
        Err(failure) => failure,
    }
}

/// The live rows with these ids in any warehouse.
async fn load(db: &Session, ids: &[TabularId]) -> Work<Vec<TabularRow>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let found = db
        .query(
            "select id, warehouse_id, namespace_id, kind, name, protected, version, updated_at,
                 location, metadata_location, metadata
             from tabular where id = any($1) and coalesce(deleted_at, 0) = 0",
            &[&ids],
        )
        .await?;
    row::all(&found, row::tabular)
}

fn placed(row: &Row) -> Work<PlacedTabular> {
    Ok(PlacedTabular {
        namespace: row::id(row, 1)?,
        stamp: TabularStamp {
            id: row::id(row, 0)?,
            kind: row::kind(get(row, 2)?)?,
            version: row::version(row, 4)?,
            protection: get::<bool>(row, 3)?.into(),
        },
        place: get(row, 5)?,
    })
}
