//! Secrets, already encrypted.

use async_trait::async_trait;
use model::{SecretId, Timestamp};
use store::{Entity, Result, SealedSecret, SecretRows, StoreError};

use crate::PostgresStore;
use crate::error::already_exists;
use crate::row::get;

#[async_trait]
impl SecretRows for PostgresStore {
    async fn secret_create(&self, id: SecretId, sealed: SealedSecret, at: Timestamp) -> Result<()> {
        self.write((id, sealed, at), |db, (id, sealed, at)| {
            Box::pin(async move {
                let inserted = db
                    .execute(
                        "insert into secret (id, sealed, created_at) values ($1, $2, $3)
                         on conflict (id) do nothing",
                        &[&id.as_uuid(), &sealed.0, &at.as_ms()],
                    )
                    .await?;
                match inserted {
                    0 => Err(already_exists(Entity::Secret(*id))),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    async fn secret_load(&self, id: SecretId) -> Result<SealedSecret> {
        let db = self.read().await?;
        let sealed = db
            .query_opt("select sealed from secret where id = $1", &[&id.as_uuid()])
            .await?;
        match sealed {
            None => Err(StoreError::NotFound(Entity::Secret(id))),
            Some(row) => Ok(SealedSecret(get(&row, 0)?)),
        }
    }

    async fn secret_drop(&self, id: SecretId) -> Result<()> {
        self.write(id, |db, id| {
            Box::pin(async move {
                db.execute("delete from secret where id = $1", &[&id.as_uuid()])
                    .await?;
                Ok(())
            })
        })
        .await
    }

    async fn secret_sweep(&self, before: Timestamp) -> Result<u64> {
        self.write(before, |db, before| {
            Box::pin(async move {
                db.execute(
                    "delete from secret where created_at < $1
                     and not exists (select from warehouse where storage_secret = secret.id)",
                    &[&before.as_ms()],
                )
                .await
            })
        })
        .await
    }
}
