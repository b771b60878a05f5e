//! The feed of an engine that decides elsewhere.

use async_trait::async_trait;
use rusqlite::{Row, params};
use store::{Fact, FactChange, Fed, Mirror, MirrorSink, Result};

use crate::SqliteStore;
use crate::error::{Failure, Work};
use crate::row;

#[async_trait]
impl Mirror for SqliteStore {
    async fn mirror_is_on(&self) -> Result<bool> {
        self.read(|db| {
            Ok(db
                .prepare_cached("select 1 from mirror_switch")?
                .exists([])?)
        })
        .await
    }

    async fn mirror_switch_on(&self) -> Result<bool> {
        self.write(|db| {
            let switched = db.execute(
                "insert into mirror_switch values (1) on conflict do nothing",
                [],
            )?;
            Ok(switched > 0)
        })
        .await
    }

    async fn mirror_switch_off(&self) -> Result<()> {
        self.write(|db| {
            db.execute("delete from mirror_switch", [])?;
            db.execute("delete from mirror_feed", [])?;
            Ok(())
        })
        .await
    }

    // One process at a time has the file, and in it one task feeds.
    async fn mirror_feed(&self, limit: u32, to: &dyn MirrorSink) -> Result<Fed> {
        if !self.mirror_is_on().await? {
            return Ok(Fed::Off);
        }
        let found = self.read(move |db| {
            let mut statement = db.prepare_cached(
                "select thing, relation, other, holds, id from mirror_feed order by id limit ?1",
            )?;
            row::all(statement.query([limit])?, |row| {
                Ok((change(row)?, row.get::<_, i64>(4)?))
            })
        });
        let (changes, ids): (Vec<FactChange>, Vec<i64>) = found.await?.into_iter().unzip();
        let Some(last) = ids.last().copied() else {
            return Ok(Fed::All);
        };
        if let Err(refused) = to.apply(&changes).await {
            return Ok(Fed::Refused(refused));
        }
        self.write(move |db| {
            db.prepare_cached("delete from mirror_feed where id <= ?1")?
                .execute([last])?;
            Ok(())
        })
        .await?;
        Ok(if ids.len() < limit as usize {
            Fed::All
        } else {
            Fed::More
        })
    }

    async fn mirror_facts(&self, after: Option<&Fact>, limit: u32) -> Result<Vec<Fact>> {
        let (thing, relation, other) = after.map(Fact::columns).unwrap_or_default();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "select thing, relation, other from mirror_fact
                 where (thing, relation, other) > (?1, ?2, ?3)
                 order by thing, relation, other limit ?4",
            )?;
            row::all(
                statement.query(params![thing, relation, other, limit])?,
                fact,
            )
        })
        .await
    }

    async fn mirror_recheck(&self, facts: &[Fact]) -> Result<()> {
        let facts: Vec<_> = facts.iter().map(Fact::columns).collect();
        self.write(move |db| {
            db.execute_batch(
                "create temp table if not exists recheck (thing text, relation text, other text);
                 delete from recheck",
            )?;
            for (thing, relation, other) in &facts {
                db.prepare_cached("insert into recheck values (?1, ?2, ?3)")?
                    .execute(params![thing, relation, other])?;
            }
            db.execute(
                "insert into mirror_feed (thing, relation, other, holds)
                 select thing, relation, other,
                     (thing, relation, other) in (select thing, relation, other from mirror_fact)
                 from recheck",
                [],
            )?;
            Ok(())
        })
        .await
    }
}

fn fact(row: &Row<'_>) -> Work<Fact> {
    let (thing, relation): (String, String) = (row.get(0)?, row.get(1)?);
    Fact::of_columns(&thing, &relation, &row.get::<_, String>(2)?).map_err(Failure::damaged)
}

fn change(row: &Row<'_>) -> Work<FactChange> {
    Ok(FactChange {
        fact: fact(row)?,
        state: row.get::<_, bool>(3)?.into(),
    })
}
