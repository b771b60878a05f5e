//! The feed of an external authorization engine.

use async_trait::async_trait;
use rusqlite::{Row, params};
use store::{Completeness, Fact, FactChange, Fed, Mirror, MirrorSink, Result};

use crate::SqliteStore;
use crate::error::{Failure, Work};
use crate::mirror_fact;
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
                "insert into mirror_switch (single) values (1) on conflict do nothing",
                [],
            )?;
            Ok(switched > 0)
        })
        .await
    }

    async fn mirror_completeness(&self) -> Result<Completeness> {
        self.read(|db| {
            let mut is_fed = db.prepare_cached("select 1 from mirror_switch where is_fed = 1")?;
            Ok(is_fed.exists([])?.into())
        })
        .await
    }

    async fn mirror_set_completeness(&self, completeness: Completeness) -> Result<()> {
        self.write(move |db| {
            let is_fed = completeness == Completeness::Complete;
            db.execute("update mirror_switch set is_fed = ?1", [is_fed])?;
            Ok(())
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

    // Needs no lock: only one process has the file open, and only one of its tasks feeds.
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
        let after = after.cloned();
        self.read(move |db| mirror_fact::page(db, after.as_ref(), limit))
            .await
    }

    async fn mirror_recheck(&self, facts: &[Fact]) -> Result<()> {
        let facts = facts.to_vec();
        self.write(move |db| {
            for fact in &facts {
                let (thing, relation, other) = fact.columns();
                let holds = mirror_fact::holds(db, fact)?;
                db.prepare_cached(
                    "insert into mirror_feed (thing, relation, other, holds)
                     values (?1, ?2, ?3, ?4)",
                )?
                .execute(params![thing, relation, other, holds])?;
            }
            Ok(())
        })
        .await
    }
}

/// A row that begins with `thing, relation, other`.
pub(crate) fn fact(row: &Row<'_>) -> Work<Fact> {
    let (thing, relation): (String, String) = (row.get(0)?, row.get(1)?);
    Fact::of_columns(&thing, &relation, &row.get::<_, String>(2)?).map_err(Failure::damaged)
}

fn change(row: &Row<'_>) -> Work<FactChange> {
    Ok(FactChange {
        fact: fact(row)?,
        state: row.get::<_, bool>(3)?.into(),
    })
}
