//! Event sinks: how far each has got, which process delivers to it, and the events that it has refused.

use async_trait::async_trait;
use model::{EventId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{DeadLetter, Entity, EventSinks, NewDeadLetter, Result};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Work, not_found};
use crate::row;

#[async_trait]
impl EventSinks for SqliteStore {
    async fn event_sink_claim(
        &self,
        sink: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<i64>> {
        let (sink, holder) = (sink.to_owned(), holder.to_owned());
        self.write(move |db| {
            let cursor = db
                .prepare_cached(
                    "insert into event_sink (name, cursor, holder, held_until)
                     values (?1, (select sequence from outbox_trimmed), ?2, ?4)
                     on conflict (name) do update set holder = ?2, held_until = ?4
                     where holder is null or holder = ?2 or held_until <= ?3
                     returning cursor",
                )?
                .query_row(params![sink, holder, now.as_ms(), until.as_ms()], |row| {
                    row.get(0)
                })
                .optional()?;
            Ok(cursor)
        })
        .await
    }

    async fn event_sink_extend(&self, sink: &str, holder: &str, until: Timestamp) -> Result<()> {
        let (sink, holder) = (sink.to_owned(), holder.to_owned());
        self.write(move |db| {
            let held = db
                .prepare_cached(
                    "update event_sink set held_until = ?3 where name = ?1 and holder = ?2",
                )?
                .execute(params![sink, holder, until.as_ms()])?;
            require_held(held, &sink)
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
        let (sink, holder) = (sink.to_owned(), holder.to_owned());
        self.write(move |db| {
            let held = db
                .prepare_cached(
                    "update event_sink set cursor = max(cursor, ?3) where name = ?1 and holder = ?2",
                )?
                .execute(params![sink, holder, to])?;
            require_held(held, &sink)?;
            for letter in &refused {
                insert_letter(db, &sink, letter)?;
            }
            Ok(())
        })
        .await
    }

    async fn event_sink_release(&self, sink: &str, holder: &str) -> Result<()> {
        let (sink, holder) = (sink.to_owned(), holder.to_owned());
        self.write(move |db| {
            db.prepare_cached(
                "update event_sink set holder = null, held_until = 0 where name = ?1 and holder = ?2",
            )?
            .execute(params![sink, holder])?;
            Ok(())
        })
        .await
    }

    async fn dead_letter_list(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "select number, sink, sequence, event_id, reason, attempts, at from dead_letter
                 where number > ?1 order by number limit ?2",
            )?;
            row::all(statement.query(params![after, limit])?, |row| {
                Ok(letter(row)?)
            })
        })
        .await
    }

    async fn dead_letter_trim(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write(move |db| {
            let removed = db
                .prepare_cached(
                    "delete from dead_letter where number in
                     (select number from dead_letter where at < ?1 order by at limit ?2)",
                )?
                .execute(params![before.as_ms(), limit])?;
            Ok(removed as u64)
        })
        .await
    }
}

fn require_held(rows: usize, sink: &str) -> Work<()> {
    match rows {
        0 => Err(not_found(Entity::EventSink(sink.to_owned()))),
        _ => Ok(()),
    }
}

fn insert_letter(db: &Connection, sink: &str, letter: &NewDeadLetter) -> Work<()> {
    db.prepare_cached(
        "insert into dead_letter (sink, sequence, event_id, reason, attempts, at)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        sink,
        letter.sequence,
        letter.event.as_uuid(),
        letter.reason,
        letter.attempts,
        letter.at.as_ms(),
    ])?;
    Ok(())
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        number: row.get(0)?,
        sink: row.get(1)?,
        letter: NewDeadLetter {
            sequence: row.get(2)?,
            event: EventId::from(row.get::<_, Uuid>(3)?),
            reason: row.get(4)?,
            attempts: row.get(5)?,
            at: Timestamp::from_ms(row.get(6)?),
        },
    })
}
