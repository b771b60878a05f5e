//! Tables and views: their pointers and their metadata.

use async_trait::async_trait;
use model::{
    NamespaceId, Page, PageItem, PageRequest, TabularId, TabularKind, Timestamp, Version,
    WarehouseId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{
    AtVersion, Commit, Effects, Entity, FoundTabular, ListedTabular, PlacedTabular, Protection,
    Result, StoreError, TabularRename, TabularRow, TabularSearch, TabularStamp, Tabulars,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::commit;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::namespace;
use crate::row::{self, Around, PageStart};
use crate::search;

#[async_trait]
impl Tabulars for SqliteStore {
    async fn tabular_commit(&self, commit: Commit, effects: Effects) -> Result<()> {
        self.change(effects, move |db| commit::apply(db, &commit))
            .await
    }

    async fn tabular_load(&self, warehouse: WarehouseId, id: TabularId) -> Result<TabularRow> {
        self.read(move |db| {
            load(db, id)?
                .filter(|tabular| tabular.warehouse == warehouse)
                .ok_or_else(|| not_found(Entity::Tabular(id)))
        })
        .await
    }

    async fn tabular_former_locations(&self, ids: Vec<TabularId>) -> Result<Vec<String>> {
        self.read(move |db| {
            let mut found = Vec::new();
            let mut statement = db.prepare_cached(
                "select location from tabular_former_location where tabular_id = ?1",
            )?;
            for id in ids {
                let rows = statement.query([id.as_uuid()])?;
                found.extend(row::all(rows, |row| Ok(row.get(0)?))?);
            }
            Ok(found)
        })
        .await
    }

    async fn tabular_find_by_location(
        &self,
        warehouse: WarehouseId,
        location: String,
    ) -> Result<Option<PlacedTabular>> {
        self.read(move |db| find_by_location(db, warehouse, &location))
            .await
    }

    async fn tabular_location_taken(
        &self,
        warehouse: WarehouseId,
        location: String,
    ) -> Result<Option<String>> {
        let (warehouse, nobody) = (warehouse.as_uuid(), Uuid::nil());
        self.read(move |db| commit::place_taken(db, warehouse, nobody, &location))
            .await
    }

    async fn tabular_list(
        &self,
        namespace: NamespaceId,
        kind: TabularKind,
        page: PageRequest,
    ) -> Result<Page<ListedTabular>> {
        self.read(move |db| {
            let start = PageStart::of(&page);
            let mut statement = db.prepare_cached(
                "select id, name, protected, format from tabular
                 where namespace_id = ?1 and kind = ?2 and name_key > ?3 and deleted_at is null
                 order by name_key limit ?4",
            )?;
            let rows = statement.query(params![
                namespace.as_uuid(),
                kind.as_str(),
                start.after,
                start.limit
            ])?;
            Ok(Page::cut(
                row::all(rows, listed)?,
                page.size,
                PageItem::page_key,
            ))
        })
        .await
    }

    async fn tabular_search(&self, search: TabularSearch) -> Result<Vec<(f32, FoundTabular)>> {
        let wanted = search.clone();
        let found = self.read(move |db| search::search(db, &wanted)).await?;
        Ok(search.rank(found))
    }

    async fn tabular_rename(&self, rename: TabularRename, effects: Effects) -> Result<()> {
        self.change(effects, move |db| change_name(db, &rename))
            .await
    }

    async fn tabular_protect(
        &self,
        at: AtVersion,
        protection: Protection,
        now: Timestamp,
        effects: Effects,
    ) -> Result<()> {
        self.change(effects, move |db| {
            expect(db, at)?;
            let AtVersion { id, version } = at;
            db.prepare_cached(
                "update tabular set protected = ?2, version = ?3, updated_at = ?4 where id = ?1",
            )?
            .execute(params![
                id.as_uuid(),
                bool::from(protection),
                version.next().as_i64(),
                now.as_ms()
            ])?;
            Ok(())
        })
        .await
    }

    async fn tabular_drop(&self, at: AtVersion, effects: Effects) -> Result<()> {
        self.change(effects, move |db| {
            expect(db, at)?;
            remove(db, at.id)
        })
        .await
    }
}

pub(crate) fn remove(db: &Connection, id: TabularId) -> Work<()> {
    db.prepare_cached("delete from tabular where id = ?1")?
        .execute([id.as_uuid()])?;
    Ok(())
}

fn find_by_location(
    db: &Connection,
    warehouse: WarehouseId,
    location: &str,
) -> Work<Option<PlacedTabular>> {
    let found = db
        .prepare_cached(
            "select t.id, t.namespace_id, t.kind, t.protected, t.version, place.location
             from (
                 select id, location_claim as location from tabular
                 where warehouse_id = ?1 and location_claim in (select value from json_each(?2))
                 union all
                 select tabular_id, location from tabular_former_location
                 where warehouse_id = ?1 and location in (select value from json_each(?2))
             ) as place
             join tabular as t on t.id = place.id and t.deleted_at is null
             order by length(place.location) desc limit 1",
        )?
        .query_row(
            params![warehouse.as_uuid(), Around::of(location).at_and_above],
            |row| Ok(placed(row)),
        )
        .optional()?;
    found.transpose()
}

fn change_name(db: &Connection, rename: &TabularRename) -> Work<()> {
    expect(db, AtVersion::of(rename.id, rename.expected))?;
    let (id, namespace) = (rename.id.as_uuid(), rename.namespace.as_uuid());
    let warehouse = db
        .prepare_cached("select warehouse_id from tabular where id = ?1")?
        .query_row([id], |row| row.get(0))?;
    namespace::require(db, warehouse, rename.namespace, rename.found_at.as_ref())?;
    let taken = db
        .prepare_cached(
            "select 1 from tabular
             where namespace_id = ?1 and name_key = ?2 and deleted_at is null and id <> ?3",
        )?
        .exists(params![namespace, rename.name.key().as_str(), id])?;
    if taken {
        return Err(already_exists(Entity::TabularName(rename.name.clone())));
    }
    // The move to another namespace changes the inherited privileges.
    db.prepare_cached(
        "update warehouse set grants_version = grants_version + 1
         where id = (select warehouse_id from tabular where id = ?1 and namespace_id <> ?2)",
    )?
    .execute([id, namespace])?;
    db.prepare_cached(
        "update tabular set namespace_id = ?2, name = ?3, name_key = ?4, version = ?5,
             updated_at = ?6 where id = ?1",
    )?
    .execute(params![
        id,
        namespace,
        rename.name.as_str(),
        rename.name.key().as_str(),
        rename.expected.next().as_i64(),
        rename.at.as_ms(),
    ])?;
    Ok(())
}

/// Refuses if the live row is gone or has another version.
pub(crate) fn expect(db: &Connection, at: AtVersion) -> Work<()> {
    let version: Option<i64> = db
        .prepare_cached("select version from tabular where id = ?1 and deleted_at is null")?
        .query_row([at.id.as_uuid()], |row| row.get(0))
        .optional()?;
    match version {
        None => Err(not_found(Entity::Tabular(at.id))),
        Some(version) if version != at.version.as_i64() => Err(stale(db, &[at.id])),
        Some(_) => Ok(()),
    }
}

/// `Stale` with those of the rows that are still live.
pub(crate) fn stale(db: &Connection, moved_on: &[TabularId]) -> Failure {
    let current: Work<Vec<Option<TabularRow>>> = moved_on.iter().map(|id| load(db, *id)).collect();
    match current {
        Ok(current) => {
            let current = current.into_iter().flatten().collect();
            StoreError::Stale { current }.into()
        }
        Err(failure) => failure,
    }
}

/// The live row with this id in any warehouse.
fn load(db: &Connection, id: TabularId) -> Work<Option<TabularRow>> {
    let found = db
        .prepare_cached(
            "select id, warehouse_id, namespace_id, kind, name, protected, version, updated_at,
                 location, metadata_location, metadata
             from tabular where id = ?1 and deleted_at is null",
        )?
        .query_row([id.as_uuid()], |row| Ok(row::tabular(row)))
        .optional()?;
    found.transpose()
}

fn placed(row: &Row<'_>) -> Work<PlacedTabular> {
    let kind: String = row.get(2)?;
    Ok(PlacedTabular {
        namespace: row.get::<_, Uuid>(1)?.into(),
        stamp: TabularStamp {
            id: row.get::<_, Uuid>(0)?.into(),
            kind: row::kind(&kind)?,
            version: Version::from_i64(row.get(4)?),
            protection: row.get::<_, bool>(3)?.into(),
        },
        place: row.get(5)?,
    })
}

fn listed(row: &Row<'_>) -> Work<ListedTabular> {
    Ok(ListedTabular {
        id: row.get::<_, Uuid>(0)?.into(),
        name: row.get(1)?,
        protection: row.get::<_, bool>(2)?.into(),
        format: row::format(row, 3)?,
    })
}
