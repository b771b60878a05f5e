//! Encrypted secrets.

use async_trait::async_trait;
use model::{SecretId, Timestamp};
use rusqlite::{OptionalExtension, params};
use store::{Entity, Result, SEALED_HEAD_BYTES, SealedHead, SealedSecret, SecretRows};
use uuid::Uuid;

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

    async fn secret_replace(
        &self,
        id: SecretId,
        was: SealedSecret,
        now: SealedSecret,
    ) -> Result<bool> {
        self.write(move |db| {
            let replaced = db
                .prepare_cached("update secret set sealed = ?3 where id = ?1 and sealed = ?2")?
                .execute(params![id.as_uuid(), was.0, now.0])?;
            Ok(replaced > 0)
        })
        .await
    }

    async fn secret_page(
        &self,
        after: Option<SecretId>,
        most: u32,
    ) -> Result<Vec<(SecretId, SealedSecret)>> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "select id, sealed from secret where ?1 is null or id > ?1
                 order by id limit ?2",
            )?;
            let rows = select.query_map(params![after.map(SecretId::as_uuid), most], |row| {
                Ok((row.get::<_, Uuid>(0)?.into(), SealedSecret(row.get(1)?)))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn secret_heads(&self) -> Result<Vec<SealedHead>> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "select substr(sealed, 1, ?1), count(*) from secret
                 where exists (select 1 from warehouse where storage_secret = secret.id)
                 group by 1",
            )?;
            let rows = select.query_map([SEALED_HEAD_BYTES], |row| {
                Ok(SealedHead {
                    head: row.get(0)?,
                    used: row.get::<_, i64>(1)?.unsigned_abs(),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn secret_orphans(
        &self,
        before: Timestamp,
        after: Option<SecretId>,
        most: u32,
    ) -> Result<Vec<SecretId>> {
        let after = after.map_or(Uuid::nil(), SecretId::as_uuid);
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "select id from secret where created_at < ?1 and id > ?3
                 and not exists (select 1 from warehouse where storage_secret = secret.id)
                 order by id limit ?2",
            )?;
            let rows = select.query_map(params![before.as_ms(), most, after], |row| {
                Ok(row.get::<_, Uuid>(0)?.into())
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}
