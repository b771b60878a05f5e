//! Hourly counts of the calls to each operation, and of tables and views.

use async_trait::async_trait;
use model::{Bounds, Page, PageRequest, PageToken, ProjectId, Timestamp, WarehouseId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{
    CallsAbout, CallsQuery, CountedCalls, EndpointCalls, Entity, Result, Statistics,
    WarehouseCounts, hour_of,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Failure, Work, not_found};
use crate::row;

#[async_trait]
impl Statistics for SqliteStore {
    async fn calls_add(&self, calls: Vec<EndpointCalls>) -> Result<()> {
        self.write(move |db| add(db, &calls)).await
    }

    async fn calls_list(&self, query: CallsQuery) -> Result<Vec<CountedCalls>> {
        self.read(move |db| list(db, &query)).await
    }

    async fn calls_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write(move |db| {
            let removed = db
                .prepare_cached(
                    "delete from endpoint_calls
                     where (project_id, hour, warehouse_id, route, status) in (
                         select project_id, hour, warehouse_id, route, status from endpoint_calls
                         where hour < ?1 order by hour limit ?2)",
                )?
                .execute(params![before.as_ms(), limit])?;
            Ok(removed as u64)
        })
        .await
    }

    async fn warehouse_counts(
        &self,
        warehouse: WarehouseId,
        page: PageRequest,
    ) -> Result<Page<WarehouseCounts>> {
        self.read(move |db| {
            // A token that no list has returned stands for an empty page.
            let before = page.after.as_ref().map(PageToken::as_key);
            let before = before.map_or(i64::MAX, |key| key.parse().unwrap_or(i64::MIN));
            let mut statement = db.prepare_cached(
                "select hour, tables, views, at from (
                     select hour, sum(tables) over so_far as tables, sum(views) over so_far as views, at
                     from warehouse_change where warehouse_id = ?1 and hour < ?2
                     window so_far as (order by hour)
                 ) order by hour desc limit ?3",
            )?;
            let limit = page.size.items() + 1;
            let rows = statement.query(params![warehouse.as_uuid(), before, limit])?;
            let rows = row::all(rows, counts)?;
            if rows.is_empty() && page.after.is_none() {
                return Err(not_found(Entity::Warehouse(warehouse)));
            }
            Ok(Page::cut(rows, page.size, |one| {
                one.hour.as_ms().to_string()
            }))
        })
        .await
    }

    async fn warehouse_counts_merge(&self, before: Timestamp) -> Result<()> {
        self.write(move |db| merge(db, before)).await
    }
}

fn add(db: &Connection, calls: &[EndpointCalls]) -> Work<()> {
    let mut find_warehouse = db.prepare_cached("select project_id from warehouse where id = ?1")?;
    let mut find_project = db.prepare_cached("select 1 from project where id = ?1")?;
    let mut add = db.prepare_cached(
        "insert into endpoint_calls (project_id, hour, warehouse_id, route, status, calls, first_at,
             last_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         on conflict do update set calls = calls + excluded.calls,
             first_at = min(first_at, excluded.first_at),
             last_at = max(last_at, excluded.last_at)",
    )?;
    for one in calls {
        let warehouse = one.warehouse.map(WarehouseId::as_uuid);
        let of_warehouse: Option<String> = match warehouse {
            None => None,
            Some(id) => find_warehouse
                .query_row([id], |row| row.get(0))
                .optional()?,
        };
        let named = one.project.as_ref().map(ProjectId::as_str);
        let (project, warehouse) = match (of_warehouse, named) {
            (Some(project), _) => (project, warehouse),
            (None, Some(named)) if find_project.exists([named])? => (named.to_owned(), None),
            (None, _) => continue,
        };
        add.execute(params![
            project,
            hour_of(one.first_at).as_ms(),
            warehouse.unwrap_or(Uuid::nil()),
            one.route,
            one.status,
            i64::try_from(one.count).unwrap_or(i64::MAX),
            one.first_at.as_ms(),
            one.last_at.as_ms(),
        ])?;
    }
    Ok(())
}

fn list(db: &Connection, query: &CallsQuery) -> Work<Vec<CountedCalls>> {
    let warehouse = match query.about {
        CallsAbout::Anything => None,
        CallsAbout::NoWarehouse => Some(Uuid::nil()),
        CallsAbout::Warehouse(id) => Some(id.as_uuid()),
    };
    let statuses = query.statuses.as_ref().map(serde_json::to_string);
    let statuses = statuses.transpose().map_err(Failure::damaged)?;
    let mut statement = db.prepare_cached(
        "select hour, route, c.status, warehouse_id, w.name, calls, first_at, last_at
         from endpoint_calls as c left join warehouse as w on w.id = c.warehouse_id
         where c.project_id = ?1 and hour > ?2 and hour <= ?3
             and (?4 is null or warehouse_id = ?4)
             and (?5 is null or c.status in (select value from json_each(?5)))
         order by hour desc, route, c.status, warehouse_id limit ?6",
    )?;
    let rows = statement.query(params![
        query.project.as_str(),
        query.after.as_ms(),
        query.until.as_ms(),
        warehouse,
        statuses,
        Bounds::COUNTED_CALLS + 1,
    ])?;
    row::all(rows, counted)
}

fn merge(db: &Connection, before: Timestamp) -> Work<()> {
    let found = {
        let mut many = db.prepare_cached(
            "select warehouse_id, max(hour), sum(tables), sum(views), max(at) from warehouse_change
             where hour < ?1 group by warehouse_id having count(*) > 1 limit 1000",
        )?;
        let rows = many.query([before.as_ms()])?;
        row::all(rows, |row| {
            let numbers: [i64; 4] = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
            Ok((row.get::<_, Uuid>(0)?, numbers))
        })?
    };
    for (warehouse, [hour, tables, views, at]) in found {
        db.prepare_cached("delete from warehouse_change where warehouse_id = ?1 and hour <= ?2")?
            .execute(params![warehouse, hour])?;
        db.prepare_cached("insert into warehouse_change values (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![warehouse, hour, tables, views, at])?;
    }
    Ok(())
}

fn counts(row: &Row<'_>) -> Work<WarehouseCounts> {
    Ok(WarehouseCounts {
        hour: Timestamp::from_ms(row.get(0)?),
        tables: row.get(1)?,
        views: row.get(2)?,
        updated_at: Timestamp::from_ms(row.get(3)?),
    })
}

fn counted(row: &Row<'_>) -> Work<CountedCalls> {
    let warehouse: Uuid = row.get(3)?;
    let name: Option<String> = row.get(4)?;
    Ok(CountedCalls {
        hour: Timestamp::from_ms(row.get(0)?),
        route: row.get(1)?,
        status: row.get(2)?,
        warehouse: (!warehouse.is_nil()).then(|| (warehouse.into(), name)),
        count: row.get::<_, i64>(5)?.unsigned_abs(),
        first_at: Timestamp::from_ms(row.get(6)?),
        last_at: Timestamp::from_ms(row.get(7)?),
    })
}
