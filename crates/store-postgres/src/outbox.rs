//! The events of committed changes.

use async_trait::async_trait;
use model::{Event, Origin, Timestamp, WarehouseId};
use serde_json::value::RawValue;
use store::{Effects, OUTBOX_READ_BYTES, Outbox, OutboxBounds, OutboxRow, OutboxSpan, Result};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::{AdvisoryLocks, Session};
use crate::error::{Failure, Work};
use crate::row::{self, get};

/// Most events that are given their places at once.
const PORTION: u64 = 1_000;

#[async_trait]
impl Outbox for PostgresStore {
    async fn outbox_read(&self, after: i64, limit: u32) -> Result<Vec<OutboxRow>> {
        let found = self.placed(after, limit).await?;
        if found.len() >= limit as usize || self.place_some().await? == 0 {
            return Ok(found);
        }
        Ok(self.placed(after, limit).await?)
    }

    async fn outbox_span(&self) -> Result<OutboxSpan> {
        let db = self.read().await?;
        let row = db
            .query_one(
                "select sequence, greatest(sequence, (select max(sequence) from outbox))
                 from outbox_trimmed",
                &[],
            )
            .await?;
        Ok(OutboxSpan {
            trimmed: get(&row, 0)?,
            last: get(&row, 1)?,
        })
    }

    async fn outbox_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        // Removed events must have had a place, so that a reader can tell that it has missed some.
        self.place_all().await?;
        let input = (before.as_ms(), i64::from(limit));
        self.write(input, |db, (before, limit)| {
            Box::pin(async move {
                let removed = "with gone as (
                         delete from outbox where id = any(array(
                             select id from outbox where at < $1 and sequence is not null
                             order by at, id limit $2 for update skip locked))
                         returning sequence
                     ), noted as (
                         update outbox_trimmed
                         set sequence = greatest(sequence, (select max(sequence) from gone))
                         where exists (select from gone)
                     )
                     select count(*) from gone";
                count(&db.query_one(removed, &[before, limit]).await?)
            })
        })
        .await
    }

    async fn outbox_cut(&self, keep: OutboxBounds, limit: u32) -> Result<u64> {
        self.place_all().await?;
        let most = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let input = (most(keep.events), most(keep.bytes), i64::from(limit));
        self.write(input, |db, (events, bytes, limit)| {
            Box::pin(async move {
                // `bytes_until` sums up all bodies up to an event, so the first events and the last one show how
                // much is too much.
                let removed = "with last as materialized (
                         select sequence, bytes_until from outbox where sequence is not null
                         order by sequence desc limit 1
                     ), first as materialized (
                         select sequence, bytes_until - octet_length(body) as bytes_before
                         from outbox where sequence is not null order by sequence limit $3
                     ), bound as materialized (
                         select greatest(last.sequence - $1, (select max(first.sequence) from first
                             where first.bytes_before < last.bytes_until - $2
                                 and first.sequence < last.sequence)) as place
                         from last
                     ), gone as (
                         delete from outbox where id = any(array(
                             select id from outbox where sequence <= (select place from bound)
                             order by sequence limit $3 for update skip locked))
                         returning sequence
                     ), noted as (
                         update outbox_trimmed
                         set sequence = greatest(sequence, (select max(sequence) from gone))
                         where exists (select from gone)
                     )
                     select count(*) from gone";
                count(&db.query_one(removed, &[events, bytes, limit]).await?)
            })
        })
        .await
    }
}

impl PostgresStore {
    /// The events that have a place after the given one.
    async fn placed(&self, after: i64, limit: u32) -> Work<Vec<OutboxRow>> {
        let db = self.read().await?;
        let rows = db
            .query(
                "select sequence, kind, at, warehouse_id, subject, body, origin from (
                     select *, sum(octet_length(body)) over (order by sequence) as bytes,
                         row_number() over (order by sequence) as place
                     from (select * from outbox where sequence > $1 order by sequence limit $2) as t
                 ) as page
                 where bytes <= $3 or place = 1 order by sequence",
                &[&after, &i64::from(limit), &(OUTBOX_READ_BYTES)],
            )
            .await?;
        row::all(&rows, event)
    }

    /// Gives places to all events that have none. If no sink reads the outbox, nothing else does so.
    async fn place_all(&self) -> Result<()> {
        while self.place_some().await? == PORTION {}
        Ok(())
    }

    /// Gives places to at most [`PORTION`] of the events that have none; returns to how many.
    async fn place_some(&self) -> Result<u64> {
        if !self.has_unplaced().await? {
            return Ok(0);
        }
        self.change(Effects::none(), (), |db, ()| Box::pin(give_places(db)))
            .await
    }

    async fn has_unplaced(&self) -> Work<bool> {
        let db = self.read().await?;
        let unplaced = "select exists (select from outbox where sequence is null)";
        get(&db.query_one(unplaced, &[]).await?, 0)
    }
}

fn count(row: &Row) -> Work<u64> {
    Ok(get::<i64>(row, 0)?.unsigned_abs())
}

/// Gives places to committed events. When an event is written, it is not known which transaction commits first: a
/// place assigned then could appear behind a reader that has already passed it. Here, one transaction at a time
/// assigns places, and only to visible events, so each new place is greater than all that a reader has seen.
async fn give_places(db: &Session) -> Work<u64> {
    let mut locks = AdvisoryLocks::default();
    locks.outbox();
    let (numbers, exclusive) = locks.columns();
    db.query(AdvisoryLocks::SQL, &[&numbers, &exclusive])
        .await?;
    let most = PORTION.cast_signed();
    db.execute(
        "update outbox set sequence = placed.sequence, bytes_until = placed.bytes_until from (
             select id, nextval('outbox_place') as sequence, coalesce(
                     (select bytes_until from outbox
                      where sequence is not null and bytes_until is not null
                      order by sequence desc limit 1), 0)
                 + sum(octet_length(body)) over (order by id) as bytes_until
             from (
                 select id, body from outbox where sequence is null order by id limit $1
             ) as unplaced order by id
         ) as placed
         where outbox.id = placed.id",
        &[&most],
    )
    .await
}

fn event(row: &Row) -> Work<OutboxRow> {
    Ok(OutboxRow {
        sequence: get(row, 0)?,
        event: Event {
            kind: row::event_kind(get(row, 1)?)?,
            at: Timestamp::from_ms(get::<i64>(row, 2)?),
            warehouse: get::<Option<Uuid>>(row, 3)?.map(WarehouseId::from),
            subject: get(row, 4)?,
            body: RawValue::from_string(get(row, 5)?).map_err(Failure::damaged)?,
            origin: Origin::from_stored(get(row, 6)?).map_err(Failure::damaged)?,
        },
    })
}
