//! The events of committed changes.

use async_trait::async_trait;
use model::{Event, Origin, Timestamp, WarehouseId};
use rusqlite::{Connection, Row, params};
use serde_json::value::RawValue;
use store::{OUTBOX_READ_BYTES, Outbox, OutboxBounds, OutboxRow, OutboxSpan, Result};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Failure, Work};
use crate::row;

#[async_trait]
impl Outbox for SqliteStore {
    async fn outbox_read(&self, after: i64, limit: u32) -> Result<Vec<OutboxRow>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "select sequence, kind, at, warehouse_id, subject, body, origin from (
                     select *, sum(octet_length(body)) over (order by sequence) as bytes,
                         row_number() over (order by sequence) as place
                     from (select * from outbox where sequence > ?1 order by sequence limit ?2))
                 where bytes <= ?3 or place = 1 order by sequence",
            )?;
            let rows = statement.query(params![after, limit, OUTBOX_READ_BYTES])?;
            row::all(rows, event)
        })
        .await
    }

    async fn outbox_span(&self) -> Result<OutboxSpan> {
        self.read(|db| {
            let read =
                "select sequence, max(sequence, coalesce((select max(sequence) from outbox), 0))
                from outbox_trimmed";
            let span = db.prepare_cached(read)?.query_row([], |row| {
                Ok(OutboxSpan {
                    trimmed: row.get(0)?,
                    last: row.get(1)?,
                })
            })?;
            Ok(span)
        })
        .await
    }

    async fn outbox_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write(move |db| {
            let mut statement = db.prepare_cached(
                "delete from outbox where sequence in
                 (select sequence from outbox where at < ?1 order by at, sequence limit ?2)
                 returning sequence",
            )?;
            let gone = row::all(statement.query(params![before.as_ms(), limit])?, place)?;
            note_trimmed(db, &gone)
        })
        .await
    }

    async fn outbox_cut(&self, keep: OutboxBounds, limit: u32) -> Result<u64> {
        let most = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let (events, bytes) = (most(keep.events), most(keep.bytes));
        self.write(move |db| {
            let mut statement = db.prepare_cached(
                // `bytes_until` sums up all bodies up to an event, so the first events and the last one show how
                // much is too much.
                "with last as materialized (
                     select sequence, bytes_until from outbox order by sequence desc limit 1
                 ), first as materialized (
                     select sequence, bytes_until - octet_length(body) as bytes_before
                     from outbox order by sequence limit ?3
                 )
                 delete from outbox where sequence in
                 (select sequence from first
                  where sequence <= (select last.sequence from last) - ?1 or sequence <=
                      (select max(first.sequence) from first join last
                       where first.bytes_before < last.bytes_until - ?2
                           and first.sequence < last.sequence))
                 returning sequence",
            )?;
            let gone = row::all(statement.query(params![events, bytes, limit])?, place)?;
            note_trimmed(db, &gone)
        })
        .await
    }
}

fn place(row: &Row<'_>) -> Work<i64> {
    Ok(row.get(0)?)
}

/// Records how far the outbox is trimmed; returns how many events were removed.
fn note_trimmed(db: &Connection, gone: &[i64]) -> Work<u64> {
    if let Some(last) = gone.iter().max() {
        db.prepare_cached("update outbox_trimmed set sequence = max(sequence, ?1)")?
            .execute([last])?;
    }
    Ok(gone.len() as u64)
}

fn event(row: &Row<'_>) -> Work<OutboxRow> {
    let (kind, body, origin): (String, String, String) = (row.get(1)?, row.get(5)?, row.get(6)?);
    Ok(OutboxRow {
        sequence: row.get(0)?,
        event: Event {
            kind: row::event_kind(&kind)?,
            at: Timestamp::from_ms(row.get(2)?),
            warehouse: row.get::<_, Option<Uuid>>(3)?.map(WarehouseId::from),
            subject: row.get(4)?,
            body: RawValue::from_string(body).map_err(Failure::damaged)?,
            origin: Origin::from_stored(&origin).map_err(Failure::damaged)?,
        },
    })
}
