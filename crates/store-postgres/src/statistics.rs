//! Hourly counts of the calls to each operation, and of tables and views.

use async_trait::async_trait;
use model::{Bounds, Page, PageRequest, PageToken, ProjectId, Timestamp, WarehouseId};
use store::{
    CallsAbout, CallsQuery, CountedCalls, EndpointCalls, Entity, Result, Statistics, StoreError,
    WarehouseCounts, hour_of,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Failure, Work};
use crate::row::{self, get};

#[async_trait]
impl Statistics for PostgresStore {
    async fn calls_add(&self, calls: Vec<EndpointCalls>) -> Result<()> {
        self.write(calls, |db, calls| {
            Box::pin(async move {
                match add(db, calls).await {
                    // A project was removed at this moment; the second attempt leaves it out.
                    Err(error) if error.is_still_referred_to() => add(db, calls).await,
                    added => added,
                }
            })
        })
        .await
    }

    async fn calls_list(&self, query: CallsQuery) -> Result<Vec<CountedCalls>> {
        let db = self.read_list().await?;
        Ok(list(&db, &query).await?)
    }

    async fn calls_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write((before, limit), |db, (before, limit)| {
            Box::pin(async move {
                db.execute(
                    "delete from endpoint_calls where ctid = any(array(
                         select ctid from endpoint_calls where hour < $1 order by hour limit $2
                         for update skip locked))",
                    &[&before.as_ms(), &i64::from(*limit)],
                )
                .await
            })
        })
        .await
    }

    async fn warehouse_counts(
        &self,
        warehouse: WarehouseId,
        page: PageRequest,
    ) -> Result<Page<WarehouseCounts>> {
        let db = self.read_list().await?;
        // A token that no list has returned stands for an empty page.
        let before = page.after.as_ref().map(PageToken::as_key);
        let before = before.map_or(i64::MAX, |key| key.parse().unwrap_or(i64::MIN));
        let rows = db
            .query(
                "select hour, tables, views, at from (
                     select hour, (sum(sum(tables)) over so_far)::bigint as tables,
                         (sum(sum(views)) over so_far)::bigint as views, max(at) as at
                     from warehouse_change where warehouse_id = $1 and hour < $2
                     group by hour window so_far as (order by hour)
                 ) as counted order by hour desc limit $3",
                &[
                    &warehouse.as_uuid(),
                    &before,
                    &(i64::from(page.size.items()) + 1),
                ],
            )
            .await?;
        if rows.is_empty() && page.after.is_none() {
            return Err(StoreError::NotFound(Entity::Warehouse(warehouse)));
        }
        let counts = row::all(&rows, counts)?;
        Ok(Page::cut(counts, page.size, |one| {
            one.hour.as_ms().to_string()
        }))
    }

    async fn warehouse_counts_merge(&self, before: Timestamp) -> Result<()> {
        self.write(before, |db, before| Box::pin(merge(db, *before)))
            .await
    }
}

/// Rows are written in the same order everywhere, so that replicas do not deadlock.
async fn add(db: &Session, calls: &[EndpointCalls]) -> Work<()> {
    let column = |of: fn(&EndpointCalls) -> i64| calls.iter().map(of).collect::<Vec<_>>();
    let warehouses: Vec<Option<Uuid>> = calls
        .iter()
        .map(|calls| calls.warehouse.map(WarehouseId::as_uuid))
        .collect();
    let projects: Vec<Option<&str>> = calls
        .iter()
        .map(|calls| calls.project.as_ref().map(ProjectId::as_str))
        .collect();
    let routes: Vec<&str> = calls.iter().map(|calls| calls.route.as_str()).collect();
    let statuses: Vec<i32> = calls.iter().map(|calls| calls.status.into()).collect();
    db.execute(
        "insert into endpoint_calls as known (project_id, hour, warehouse_id, route, status, calls,
             first_at, last_at)
         select coalesce(w.project_id, p.id), c.hour,
             coalesce(w.id, '00000000-0000-0000-0000-000000000000'), c.route, c.status,
             sum(c.calls)::bigint, min(c.first_at), max(c.last_at)
         from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::bigint[],
                 $7::bigint[], $8::bigint[])
             as c(warehouse_id, project_id, route, status, hour, calls, first_at, last_at)
         left join warehouse as w on w.id = c.warehouse_id
         left join project as p on p.id = c.project_id
         where coalesce(w.project_id, p.id) is not null
         group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
         on conflict (project_id, hour, warehouse_id, route, status) do update set
             calls = known.calls + excluded.calls,
             first_at = least(known.first_at, excluded.first_at),
             last_at = greatest(known.last_at, excluded.last_at)",
        &[
            &warehouses,
            &projects,
            &routes,
            &statuses,
            &column(|calls| hour_of(calls.first_at).as_ms()),
            &column(|calls| i64::try_from(calls.count).unwrap_or(i64::MAX)),
            &column(|calls| calls.first_at.as_ms()),
            &column(|calls| calls.last_at.as_ms()),
        ],
    )
    .await?;
    Ok(())
}

async fn list(db: &Session, query: &CallsQuery) -> Work<Vec<CountedCalls>> {
    let warehouse = match query.about {
        CallsAbout::Anything => None,
        CallsAbout::NoWarehouse => Some(Uuid::nil()),
        CallsAbout::Warehouse(id) => Some(id.as_uuid()),
    };
    let statuses = query.statuses.as_ref();
    let statuses: Option<Vec<i32>> =
        statuses.map(|all| all.iter().map(|one| (*one).into()).collect());
    let rows = db
        .query(
            "select hour, route, c.status, warehouse_id, w.name, calls, first_at, last_at
             from endpoint_calls as c left join warehouse as w on w.id = c.warehouse_id
             where c.project_id = $1 and hour > $2 and hour <= $3
                 and ($4::uuid is null or warehouse_id = $4)
                 and ($5::int[] is null or c.status = any($5))
             order by hour desc, route, c.status, warehouse_id limit $6",
            &[
                &query.project.as_str(),
                &query.after.as_ms(),
                &query.until.as_ms(),
                &warehouse,
                &statuses,
                &(i64::from(Bounds::COUNTED_CALLS) + 1),
            ],
        )
        .await?;
    row::all(&rows, counted)
}

/// Rows that another replica is merging are left to it: they are gone by the time this statement gets their locks.
async fn merge(db: &Session, before: Timestamp) -> Work<()> {
    db.execute(
        "with many as (
             select warehouse_id, max(hour) as hour from warehouse_change
             where hour < $1 group by warehouse_id having count(*) > 1 limit 1000
         ), gone as (
             delete from warehouse_change as one using many
             where one.warehouse_id = many.warehouse_id and one.hour <= many.hour
             returning one.warehouse_id, many.hour, one.tables, one.views, one.at
         )
         insert into warehouse_change
         select warehouse_id, hour, sum(tables), sum(views), max(at) from gone group by 1, 2",
        &[&before.as_ms()],
    )
    .await?;
    db.execute(
        "with many as (
             select warehouse_id, hour from warehouse_change
             where hour >= now_ms() - 86400000 group by 1, 2 having count(*) > 1 limit 1000
         ), gone as (
             delete from warehouse_change as one using many
             where one.warehouse_id = many.warehouse_id and one.hour = many.hour
             returning one.*
         )
         insert into warehouse_change
         select warehouse_id, hour, sum(tables), sum(views), max(at) from gone group by 1, 2",
        &[],
    )
    .await?;
    Ok(())
}

fn counts(row: &Row) -> Work<WarehouseCounts> {
    Ok(WarehouseCounts {
        hour: Timestamp::from_ms(get(row, 0)?),
        tables: get(row, 1)?,
        views: get(row, 2)?,
        updated_at: Timestamp::from_ms(get(row, 3)?),
    })
}

fn counted(row: &Row) -> Work<CountedCalls> {
    let warehouse: Uuid = get(row, 3)?;
    let name: Option<String> = get(row, 4)?;
    Ok(CountedCalls {
        hour: Timestamp::from_ms(get(row, 0)?),
        route: get(row, 1)?,
        status: u16::try_from(get::<i32>(row, 2)?).map_err(Failure::damaged)?,
        warehouse: (!warehouse.is_nil()).then(|| (warehouse.into(), name)),
        count: u64::try_from(get::<i64>(row, 5)?).map_err(Failure::damaged)?,
        first_at: Timestamp::from_ms(get(row, 6)?),
        last_at: Timestamp::from_ms(get(row, 7)?),
    })
}
