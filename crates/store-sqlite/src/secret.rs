//! Secrets, already encrypted.

use async_trait::async_trait;
use model::{SecretId, Timestamp};
use rusqlite::{OptionalExtension, params};
use store::{Entity, Result, SealedSecret, SecretRows};

use crate::SqliteStore;
use crate::error::{already_exists, not_found};

#[async_trait]
impl SecretRows for SqliteStore {
    async fn secret_create(&self, id: SecretId, sealed: SealedSecret, at: Timestamp) -> Result<()> {
        self.write(move |db| {
            let inserted = db
                .prepare_cached(
                    "insert into secret (id, sealed, created_at) values (?1, ?2, ?3)
                     on conflict (id) do nothing",
                )?
                .execute(params![id.as_uuid(), sealed.0, at.as_ms()])?;
            match inserted {
                0 => Err(already_exists(Entity::Secret(id))),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn secret_load(&self, id: SecretId) -> Result<SealedSecret> {
        self.read(move |db| {
            let sealed = db
                .prepare_cached("select sealed from secret where id = ?1")?
                .query_row([id.as_uuid()], |row| row.get(0))
                .optional()?;
            sealed
                .map(SealedSecret)
                .ok_or_else(|| not_found(Entity::Secret(id)))
        })
        .await
    }

    async fn secret_drop(&self, id: SecretId) -> Result<()> {
        self.write(move |db| {
            db.prepare_cached("delete from secret where id = ?1")?
                .execute([id.as_uuid()])?;
            Ok(())
        })
        .await
    }

    async fn secret_sweep(&self, before: Timestamp) -> Result<u64> {
        self.write(move |db| {
            let removed = db
                .prepare_cached(
                    "delete from secret where created_at < ?1
                     and not exists (select 1 from warehouse where storage_secret = secret.id)",
                )?
                .execute([before.as_ms()])?;
            Ok(removed as u64)
        })
        .await
    }
}
