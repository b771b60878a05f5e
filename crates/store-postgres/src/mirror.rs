//! The feed of an external authorization engine.

use async_trait::async_trait;
use store::{Completeness, Effects, Fact, FactChange, Fed, Mirror, MirrorSink, Result};
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::connection::{AdvisoryLocks, OpenTransaction, Session};
use crate::error::{Failure, Work};
use crate::mirror_fact;
use crate::row::{self, get};

#[async_trait]
impl Mirror for PostgresStore {
    async fn mirror_is_on(&self) -> Result<bool> {
        let db = self.read().await?;
        let row = db.query_one("select exists (select from mirror_switch)", &[]);
        Ok(get(&row.await?, 0)?)
    }

    async fn mirror_switch_on(&self) -> Result<bool> {
        self.change(Effects::none(), (), |db, ()| {
            Box::pin(async move {
                // Waits for running changes that have found the feed off.
                db.order("lock table mirror_switch in access exclusive mode")
                    .await?;
                let switch = "insert into mirror_switch default values on conflict do nothing";
                Ok(db.execute(switch, &[]).await? > 0)
            })
        })
        .await
    }

    async fn mirror_completeness(&self) -> Result<Completeness> {
        let db = self.read().await?;
        let row = db.query_one(
            "select exists (select from mirror_switch where is_fed)",
            &[],
        );
        Ok(get::<bool>(&row.await?, 0)?.into())
    }

    async fn mirror_set_completeness(&self, completeness: Completeness) -> Result<()> {
        self.write(completeness == Completeness::Complete, |db, is_fed| {
            Box::pin(async move {
                db.execute("update mirror_switch set is_fed = $1", &[is_fed])
                    .await?;
                Ok(())
            })
        })
        .await
    }

    async fn mirror_switch_off(&self) -> Result<()> {
        self.change(Effects::none(), (), |db, ()| {
            Box::pin(async move {
                db.order("lock table mirror_switch in access exclusive mode")
                    .await?;
                db.execute("delete from mirror_switch", &[]).await?;
                db.execute("delete from mirror_feed", &[]).await?;
                Ok(())
            })
        })
        .await
    }

    async fn mirror_feed(&self, limit: u32, to: &dyn MirrorSink) -> Result<Fed> {
        let db = self.read().await?;
        let state = "select exists (select from mirror_switch), exists (select from mirror_feed)";
        let state = db.query_one(state, &[]).await?;
        match (get(&state, 0)?, get(&state, 1)?) {
            (false, _) => return Ok(Fed::Off),
            (true, false) => return Ok(Fed::All),
            (true, true) => {}
        }
        // If this ends half-way, the connection is closed, which ends the transaction and releases the lock.
        db.set_open_transaction(OpenTransaction::Yes);
        let fed = feed(&db, limit, to).await?;
        db.order("commit")
            .await
            .map_err(Failure::after_commit_was_sent)?;
        db.set_open_transaction(OpenTransaction::No);
        Ok(fed)
    }

    async fn mirror_facts(&self, after: Option<&Fact>, limit: u32) -> Result<Vec<Fact>> {
        let db = self.read().await?;
        Ok(mirror_fact::page(&db, after, limit).await?)
    }

    async fn mirror_recheck(&self, facts: &[Fact]) -> Result<()> {
        self.change(Effects::none(), facts.to_vec(), |db, facts| {
            Box::pin(recheck(db, facts))
        })
        .await
    }
}

async fn recheck(db: &Session, facts: &[Fact]) -> Work<()> {
    // No fact may change between the check whether it holds and its entry in the feed.
    db.order("lock table mirror_feed in exclusive mode").await?;
    let true_ones = mirror_fact::among(db, facts).await?;
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for fact in facts {
        let (thing, relation, other) = fact.columns();
        columns.0.push(thing);
        columns.1.push(relation);
        columns.2.push(other);
    }
    let holds: Vec<bool> = facts.iter().map(|fact| true_ones.contains(fact)).collect();
    db.execute(
        "insert into mirror_feed (thing, relation, other, holds)
         select * from unnest($1::text[], $2::text[], $3::text[], $4::boolean[])",
        &[&columns.0, &columns.1, &columns.2, &holds],
    )
    .await?;
    Ok(())
}

/// Delivers changes in a transaction whose lock keeps other replicas from delivering newer changes first.
async fn feed(db: &Session, limit: u32, to: &dyn MirrorSink) -> Work<Fed> {
    db.order("begin").await?;
    let lock = "select pg_try_advisory_xact_lock($1)";
    let locked = db.query_one(lock, &[&AdvisoryLocks::MIRROR]).await?;
    if !get::<bool>(&locked, 0)? {
        return Ok(Fed::Elsewhere);
    }
    let rows = db
        .query(
            "select thing, relation, other, holds, id from mirror_feed order by id limit $1",
            &[&i64::from(limit)],
        )
        .await?;
    let changes = row::all(&rows, change)?;
    if changes.is_empty() {
        return Ok(Fed::All);
    }
    if let Err(refused) = to.apply(&changes).await {
        return Ok(Fed::Refused(refused));
    }
    // Not all ids up to the last one: a change with a smaller id may have been committed since.
    let ids: Vec<i64> = row::all(&rows, |row| get(row, 4))?;
    db.execute("delete from mirror_feed where id = any($1)", &[&ids])
        .await?;
    Ok(if ids.len() < limit as usize {
        Fed::All
    } else {
        Fed::More
    })
}

/// A row that begins with `thing, relation, other`.
pub(crate) fn fact(row: &Row) -> Work<Fact> {
    let (thing, relation, other): (&str, &str, &str) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
    Fact::of_columns(thing, relation, other).map_err(Failure::damaged)
}

fn change(row: &Row) -> Work<FactChange> {
    Ok(FactChange {
        fact: fact(row)?,
        state: get::<bool>(row, 3)?.into(),
    })
}
