//! The events of committed changes.

use async_trait::async_trait;
use model::{Event, Timestamp, WarehouseId};
use serde_json::value::RawValue;
use store::{Effects, Outbox, OutboxRow, Result};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::{AdvisoryLocks, Session};
use crate::error::{Failure, Work};
use crate::row::{self, get};

/// Most events that get their place at once.
const PORTION: i64 = 1_000;

#[async_trait]
impl Outbox for PostgresStore {
    async fn outbox_read(&self, after: i64, limit: u32) -> Result<Vec<OutboxRow>> {
        let found = self.placed(after, limit).await?;
        if found.len() >= limit as usize || !self.has_unplaced().await? {
            return Ok(found);
        }
        self.change(Effects::none(), (), |db, ()| Box::pin(give_places(db)))
            .await?;
        Ok(self.placed(after, limit).await?)
    }

    async fn outbox_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write((before, limit), |db, (before, limit)| {
            Box::pin(async move {
                db.execute(
                    "delete from outbox where id = any(array(
                         select id from outbox where at < $1 order by at, id limit $2
                         for update skip locked))",
                    &[&before.as_ms(), &i64::from(*limit)],
                )
                .await
            })
        })
        .await
    }
}

impl PostgresStore {
    /// Events that have a place behind the given one.
    async fn placed(&self, after: i64, limit: u32) -> Work<Vec<OutboxRow>> {
        let db = self.read().await?;
        let rows = db
            .query(
                "select sequence, kind, at, warehouse_id, subject, body
                 from outbox where sequence > $1 order by sequence limit $2",
                &[&after, &i64::from(limit)],
            )
            .await?;
        row::all(&rows, event)
    }

    async fn has_unplaced(&self) -> Work<bool> {
        let db = self.read().await?;
        let unplaced = "select exists (select from outbox where sequence is null)";
        get(&db.query_one(unplaced, &[]).await?, 0)
    }
}

/// Gives places to events that have been committed. Whoever writes an event does not know which transaction commits
/// first: a place taken then could appear behind a reader's back. Places that are given here, one reader at a time
/// and to visible events only, grow with each event that a reader can see.
async fn give_places(db: &Session) -> Work<()> {
    let mut locks = AdvisoryLocks::default();
    locks.outbox();
    let (numbers, exclusive) = locks.columns();
    db.query(AdvisoryLocks::SQL, &[&numbers, &exclusive])
        .await?;
    db.execute(
        "update outbox set sequence = placed.sequence from (
             select id, nextval('outbox_place') as sequence from (
                 select id from outbox where sequence is null order by id limit $1
             ) as unplaced
         ) as placed
         where outbox.id = placed.id",
        &[&PORTION],
    )
    .await?;
    Ok(())
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
        },
    })
}
