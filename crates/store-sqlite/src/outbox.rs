//! The events of committed changes.

use async_trait::async_trait;
use model::{Event, Timestamp, WarehouseId};
use rusqlite::{Row, params};
use serde_json::value::RawValue;
use store::{Outbox, OutboxRow, Result};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Failure, Work};
use crate::row;

#[async_trait]
impl Outbox for SqliteStore {
    async fn outbox_read(&self, after: i64, limit: u32) -> Result<Vec<OutboxRow>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "select sequence, kind, at, warehouse_id, subject, body from outbox
                 where sequence > ?1 order by sequence limit ?2",
            )?;
            row::all(statement.query(params![after, limit])?, event)
        })
        .await
    }

    async fn outbox_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write(move |db| {
            let removed = db
                .prepare_cached(
                    "delete from outbox where sequence in
                     (select sequence from outbox where at < ?1 order by at, sequence limit ?2)",
                )?
                .execute(params![before.as_ms(), limit])?;
            Ok(removed as u64)
        })
        .await
    }
}

fn event(row: &Row<'_>) -> Work<OutboxRow> {
    let (kind, body): (String, String) = (row.get(1)?, row.get(5)?);
    Ok(OutboxRow {
        sequence: row.get(0)?,
        event: Event {
            kind: row::event_kind(&kind)?,
            at: Timestamp::from_ms(row.get(2)?),
            warehouse: row.get::<_, Option<Uuid>>(3)?.map(WarehouseId::from),
            subject: row.get(4)?,
            body: RawValue::from_string(body).map_err(Failure::damaged)?,
        },
    })
}
