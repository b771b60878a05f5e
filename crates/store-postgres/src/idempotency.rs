//! Records of requests that clients may send twice.

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

    async fn idempotency_release(&self, record: IdempotencyRecord) -> Result<()> {
        self.write(record, |db, record| {
            Box::pin(async move {
                db.execute(
                    "delete from idempotency
                     where key = $1 and fingerprint = $2 and outcome = $3 and at = $4",
                    &[
                        &record.key,
                        &record.fingerprint.as_slice(),
                        &record.outcome,
                        &record.at.as_ms(),
                    ],
                )
                .await
                .map(|_| ())
            })
        })
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

/// Returns the keys that were free. Its parameters are the columns of [`Records`].
pub(crate) const INSERT: &str = "insert into idempotency (key, fingerprint, outcome, at)
    select * from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bigint[])
    on conflict (key) do nothing returning key";

/// Records as columns.
#[derive(Default)]
pub(crate) struct Records<'a> {
    pub(crate) keys: Vec<Uuid>,
    pub(crate) fingerprints: Vec<&'a [u8]>,
    pub(crate) outcomes: Vec<&'a [u8]>,
    pub(crate) times: Vec<i64>,
}

impl<'a> Records<'a> {
    pub(crate) fn of(records: &'a [IdempotencyRecord]) -> Self {
        let mut all = Self::default();
        for record in records {
            all.keys.push(record.key);
            all.fingerprints.push(&record.fingerprint);
            all.outcomes.push(&record.outcome);
            all.times.push(record.at.as_ms());
        }
        all
    }
}

async fn insert(db: &Session, record: &IdempotencyRecord) -> Work<()> {
    let new = Records::of(std::slice::from_ref(record));
    let inserted = db
        .query_opt(
            INSERT,
            &[&new.keys, &new.fingerprints, &new.outcomes, &new.times],
        )
        .await?;
    if inserted.is_some() {
        return Ok(());
    }
    match find(db, record.key).await? {
        Some(earlier) => Err(StoreError::Replayed(Box::new(earlier)).into()),
        // The record was trimmed in between: the next attempt will find the key free.
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
