//! Requests that may be sent twice.

use async_trait::async_trait;
use model::Timestamp;
use store::{Idempotency, IdempotencyRecord, Result, StoreError};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Failure, Work};
use crate::row::{self, get};

#[async_trait]
impl Idempotency for PostgresStore {
    async fn idempotency_load(&self, key: Uuid) -> Result<Option<IdempotencyRecord>> {
        Ok(find(&self.read().await?, key).await?)
    }

    async fn idempotency_record(&self, record: IdempotencyRecord) -> Result<()> {
        self.write(record, |db, record| Box::pin(insert(db, record)))
            .await
    }

    async fn idempotency_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write((before, limit), |db, (before, limit)| {
            Box::pin(async move {
                db.execute(
                    "delete from idempotency where key = any(array(
                         select key from idempotency where at < $1 order by at limit $2
                         for update skip locked))",
                    &[&before.as_ms(), &i64::from(*limit)],
                )
                .await
            })
        })
        .await
    }
}

pub(crate) async fn find(db: &Session, key: Uuid) -> Work<Option<IdempotencyRecord>> {
    let found = db
        .query_opt(
            "select key, fingerprint, outcome, at from idempotency where key = $1",
            &[&key],
        )
        .await?;
    found.as_ref().map(record).transpose()
}

/// Yields a row if the key was free.
pub(crate) const INSERT: &str = "insert into idempotency (key, fingerprint, outcome, at)
    values ($1, $2, $3, $4) on conflict (key) do nothing returning key";

async fn insert(db: &Session, record: &IdempotencyRecord) -> Work<()> {
    let fingerprint = record.fingerprint.as_slice();
    let at = record.at.as_ms();
    let inserted = db
        .query_opt(INSERT, &[&record.key, &fingerprint, &record.outcome, &at])
        .await?;
    if inserted.is_some() {
        return Ok(());
    }
    match find(db, record.key).await? {
        Some(earlier) => Err(StoreError::Replayed(Box::new(earlier)).into()),
        // Trimmed in between: the next attempt will find the key free.
        None => Err(Failure::Unreachable(
            "the idempotency key was just trimmed".to_owned(),
        )),
    }
}

fn record(row: &Row) -> Work<IdempotencyRecord> {
    let fingerprint: &[u8] = get(row, 1)?;
    Ok(IdempotencyRecord {
        key: get(row, 0)?,
        fingerprint: fingerprint.try_into().map_err(Failure::damaged)?,
        outcome: get(row, 2)?,
        at: row::time(row, 3)?.ok_or_else(|| Failure::damaged("a record without a time"))?,
    })
}
