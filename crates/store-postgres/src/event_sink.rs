//! Event sinks: how far each has got, which process delivers to it, and the events that it has refused.

use async_trait::async_trait;
use model::Timestamp;
use store::{DeadLetter, Effects, Entity, EventSinks, NewDeadLetter, Result};
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Failure, Work, not_found};
use crate::row::{self, get};

#[async_trait]
impl EventSinks for PostgresStore {
    async fn event_sink_claim(
        &self,
        sink: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<i64>> {
        let input = (SinkClaim::by(sink, holder), now, until);
        self.change(Effects::none(), input, |db, (held, now, until)| {
            Box::pin(claim(db, held, *now, *until))
        })
        .await
    }

    async fn event_sink_extend(&self, sink: &str, holder: &str, until: Timestamp) -> Result<()> {
        let input = (SinkClaim::by(sink, holder), until);
        self.write(input, |db, (held, until)| {
            Box::pin(async move {
                let extend =
                    "update event_sink set held_until = $3 where name = $1 and holder = $2";
                let until = until.as_ms();
                held.require(
                    db.execute(extend, &[&held.sink, &held.holder, &until])
                        .await?,
                )
            })
        })
        .await
    }

    async fn event_sink_advance(
        &self,
        sink: &str,
        holder: &str,
        to: i64,
        refused: Vec<NewDeadLetter>,
    ) -> Result<()> {
        let input = (SinkClaim::by(sink, holder), to, refused);
        self.change(Effects::none(), input, |db, (held, to, refused)| {
            Box::pin(advance(db, held, *to, refused))
        })
        .await
    }

    async fn event_sink_release(&self, sink: &str, holder: &str) -> Result<()> {
        self.write(SinkClaim::by(sink, holder), |db, held| {
            Box::pin(async move {
                let release = "update event_sink set holder = null, held_until = 0
                    where name = $1 and holder = $2";
                db.execute(release, &[&held.sink, &held.holder]).await?;
                Ok(())
            })
        })
        .await
    }

    async fn dead_letter_list(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>> {
        let db = self.read().await?;
        let rows = db
            .query(
                "select number, sink, sequence, event_id, reason, attempts, at from dead_letter
                 where number > $1 order by number limit $2",
                &[&after, &i64::from(limit)],
            )
            .await?;
        Ok(row::all(&rows, letter)?)
    }

    async fn dead_letter_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write((before, limit), |db, (before, limit)| {
            Box::pin(async move {
                db.execute(
                    "delete from dead_letter where number = any(array(
                         select number from dead_letter where at < $1 order by at limit $2
                         for update skip locked))",
                    &[&before.as_ms(), &i64::from(*limit)],
                )
                .await
            })
        })
        .await
    }
}

/// A sink and the process that holds it.
struct SinkClaim {
    sink: String,
    holder: String,
}

impl SinkClaim {
    fn by(sink: &str, holder: &str) -> Self {
        Self {
            sink: sink.to_owned(),
            holder: holder.to_owned(),
        }
    }

    fn require(&self, rows: u64) -> Work<()> {
        match rows {
            0 => Err(not_found(Entity::EventSink(self.sink.clone()))),
            _ => Ok(()),
        }
    }
}

async fn claim(
    db: &Session,
    held: &SinkClaim,
    now: Timestamp,
    until: Timestamp,
) -> Work<Option<i64>> {
    let claimed = db
        .query_opt(
            "insert into event_sink (name, cursor, holder, held_until)
             values ($1, (select sequence from outbox_trimmed), $2, $4)
             on conflict (name) do update set holder = $2, held_until = $4
             where event_sink.holder is null or event_sink.holder = $2
                 or event_sink.held_until <= $3
             returning cursor",
            &[&held.sink, &held.holder, &now.as_ms(), &until.as_ms()],
        )
        .await?;
    claimed.map(|row| get(&row, 0)).transpose()
}

async fn advance(db: &Session, held: &SinkClaim, to: i64, refused: &[NewDeadLetter]) -> Work<()> {
    let advance = "update event_sink set cursor = greatest(cursor, $3)
        where name = $1 and holder = $2";
    held.require(
        db.execute(advance, &[&held.sink, &held.holder, &to])
            .await?,
    )?;
    for letter in refused {
        // The reason may contain anything that a sink has answered; PostgreSQL cannot store U+0000.
        let reason = letter.reason.replace('\0', "\u{fffd}");
        let attempts = i32::try_from(letter.attempts).unwrap_or(i32::MAX);
        db.execute(
            "insert into dead_letter (sink, sequence, event_id, reason, attempts, at)
             values ($1, $2, $3, $4, $5, $6)",
            &[
                &held.sink,
                &letter.sequence,
                &letter.event.as_uuid(),
                &reason,
                &attempts,
                &letter.at.as_ms(),
            ],
        )
        .await?;
    }
    Ok(())
}

fn letter(row: &Row) -> Work<DeadLetter> {
    Ok(DeadLetter {
        number: get(row, 0)?,
        sink: get(row, 1)?,
        letter: NewDeadLetter {
            sequence: get(row, 2)?,
            event: row::id(row, 3)?,
            reason: get(row, 4)?,
            attempts: u32::try_from(get::<i32>(row, 5)?).map_err(Failure::damaged)?,
            at: Timestamp::from_ms(get::<i64>(row, 6)?),
        },
    })
}
