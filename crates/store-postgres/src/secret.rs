//! Encrypted secrets.

use async_trait::async_trait;
use model::{SecretId, Timestamp};
use store::{Entity, Result, SEALED_HEAD_BYTES, SealedHead, SealedSecret, SecretRows, StoreError};
use uuid::Uuid;

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

    async fn secret_replace(
        &self,
        id: SecretId,
        was: SealedSecret,
        now: SealedSecret,
    ) -> Result<bool> {
        self.write((id, was, now), |db, (id, was, now)| {
            Box::pin(async move {
                let replaced = db
                    .execute(
                        "update secret set sealed = $3 where id = $1 and sealed = $2",
                        &[&id.as_uuid(), &was.0, &now.0],
                    )
                    .await?;
                Ok(replaced > 0)
            })
        })
        .await
    }

    async fn secret_page(
        &self,
        after: Option<SecretId>,
        most: u32,
    ) -> Result<Vec<(SecretId, SealedSecret)>> {
        let db = self.read().await?;
        let rows = db
            .query(
                "select id, sealed from secret where $1::uuid is null or id > $1
                 order by id limit $2",
                &[&after.map(SecretId::as_uuid), &i64::from(most)],
            )
            .await?;
        let secret = |row| Ok((get::<Uuid>(row, 0)?.into(), SealedSecret(get(row, 1)?)));
        rows.iter().map(secret).collect()
    }

    async fn secret_heads(&self) -> Result<Vec<SealedHead>> {
        let db = self.read().await?;
        let rows = db
            .query(
                "select substring(sealed from 1 for $1::int), count(*) from secret
                 where exists (select from warehouse where storage_secret = secret.id)
                 group by 1",
                &[&i32::from(SEALED_HEAD_BYTES)],
            )
            .await?;
        let head = |row| {
            Ok(SealedHead {
                head: get(row, 0)?,
                used: get::<i64>(row, 1)?.unsigned_abs(),
            })
        };
        rows.iter().map(head).collect()
    }

    async fn secret_orphans(
        &self,
        before: Timestamp,
        after: Option<SecretId>,
        most: u32,
    ) -> Result<Vec<SecretId>> {
        let after = after.map_or(Uuid::nil(), SecretId::as_uuid);
        let db = self.read().await?;
        let rows = db
            .query(
                "select id from secret where created_at < $1 and id > $3
                 and not exists (select from warehouse where storage_secret = secret.id)
                 order by id limit $2",
                &[&before.as_ms(), &i64::from(most), &after],
            )
            .await?;
        rows.iter()
            .map(|row| Ok(get::<Uuid>(row, 0)?.into()))
            .collect()
    }
}
