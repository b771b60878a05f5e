//! Records of requests that clients may send twice.

use async_trait::async_trait;
use model::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use store::{Idempotency, IdempotencyRecord, Result, StoreError};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::Work;

#[async_trait]
impl Idempotency for SqliteStore {
    async fn idempotency_load(&self, key: Uuid) -> Result<Option<IdempotencyRecord>> {
        self.read(move |db| find(db, key)).await
    }

    async fn idempotency_record(&self, record: IdempotencyRecord) -> Result<()> {
        self.write(move |db| match find(db, record.key)? {
            Some(earlier) => Err(StoreError::Replayed(Box::new(earlier)).into()),
            None => insert(db, &record),
        })
        .await
    }

    async fn idempotency_release(&self, record: IdempotencyRecord) -> Result<()> {
        self.write(move |db| {
            let release = "delete from idempotency
                 where key = ?1 and fingerprint = ?2 and outcome = ?3 and at = ?4";
            run(db, release, &record)
        })
        .await
    }

    async fn idempotency_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write(move |db| {
            let removed = db
                .prepare_cached(
                    "delete from idempotency where key in
                     (select key from idempotency where at < ?1 order by at limit ?2)",
                )?
                .execute(params![before.as_ms(), limit])?;
            Ok(removed as u64)
        })
        .await
    }
}

pub(crate) fn find(db: &Connection, key: Uuid) -> Work<Option<IdempotencyRecord>> {
    let found = db
        .prepare_cached("select fingerprint, outcome, at from idempotency where key = ?1")?
        .query_row([key], |row| {
            Ok(IdempotencyRecord {
                key,
                fingerprint: row.get(0)?,
                outcome: row.get(1)?,
                at: Timestamp::from_ms(row.get(2)?),
            })
        })
        .optional()?;
    Ok(found)
}

pub(crate) fn insert(db: &Connection, record: &IdempotencyRecord) -> Work<()> {
    let insert = "insert into idempotency (key, fingerprint, outcome, at) values (?1, ?2, ?3, ?4)";
    run(db, insert, record)
}

/// Runs a statement whose parameters are the columns of a record.
fn run(db: &Connection, statement: &str, record: &IdempotencyRecord) -> Work<()> {
    db.prepare_cached(statement)?.execute(params![
        record.key,
        record.fingerprint,
        record.outcome,
        record.at.as_ms()
    ])?;
    Ok(())
}
