//! Every change has its event, once.

use std::collections::HashMap;

use model::EventKind;
use serde_json::Value;
use store::Outbox;
use store_postgres::{PostgresConfig, PostgresStore};
use store_sqlite::SqliteStore;

use crate::Error;
use crate::backend::Backend;
use crate::check::{Rule, Violation};
use crate::history::{History, LifeEvent, Outcome, Step};

const PAGE: u32 = 1000;

/// How often each event is there: by kind and metadata file, or by kind and table where files do not change.
type Events = HashMap<(EventKind, String), usize>;

/// Reads all events of a database that nobody else has open, and compares them with the history.
pub(crate) async fn check(
    backend: &Backend,
    history: &History,
    found: &mut Vec<Violation>,
) -> Result<(), Error> {
    let refused = |error: &dyn std::error::Error| Error::Store(error.to_string());
    let events = match backend {
        Backend::Sqlite(path) => {
            let store = SqliteStore::open(path).map_err(|error| refused(&error))?;
            read(&store).await?
        }
        Backend::Postgres(postgres) => {
            let store = PostgresStore::connect(PostgresConfig::new(postgres.database.url())).await;
            read(&store.map_err(|error| refused(&error))?).await?
        }
    };
    compare(&events, history, found);
    Ok(())
}

async fn read(outbox: &dyn Outbox) -> Result<Events, Error> {
    let (mut events, mut after) = (Events::new(), 0);
    loop {
        let rows = outbox.outbox_read(after, PAGE).await;
        let rows = rows.map_err(|error| Error::Store(error.to_string()))?;
        let Some(last) = rows.last() else {
            return Ok(events);
        };
        after = last.sequence;
        for row in rows {
            let event = row.event;
            let body: Value = serde_json::from_str(event.body.get()).unwrap_or_default();
            if let Some(location) = body.get("metadata-location").and_then(Value::as_str) {
                *events.entry((event.kind, location.to_owned())).or_default() += 1;
            }
            *events.entry((event.kind, event.subject)).or_default() += 1;
        }
    }
}

/// Each change of a shared table is one event, which names the version that it is in; each step of a table that one client has
/// is one, too.
pub(crate) fn compare(events: &Events, history: &History, found: &mut Vec<Violation>) {
    let mut expect = |kind: EventKind, what: String, range: std::ops::RangeInclusive<usize>| {
        let count = events.get(&(kind, what.clone())).copied().unwrap_or(0);
        if !range.contains(&count) {
            let detail = format!("{what} has {count} events of {kind:?}, not {range:?}");
            found.push(Violation::new(Rule::Event, detail));
        }
    };
    for table in &history.tables {
        if let Some(first) = table.versions.first() {
            expect(EventKind::CreateTable, first.location.clone(), 1..=1);
        }
        let mut updates = 0;
        for (before, after) in table.versions.iter().zip(table.versions.iter().skip(1)) {
            let changes = after.marks().difference(&before.marks()).count();
            expect(
                EventKind::UpdateTable,
                after.location.clone(),
                changes..=changes,
            );
            updates += changes;
        }
        expect(
            EventKind::UpdateTable,
            table.uuid.to_string(),
            updates..=updates,
        );
    }
    for life in &history.lives {
        let Some(uuid) = life.uuid else { continue };
        for kind in [
            EventKind::CreateTable,
            EventKind::RenameTable,
            EventKind::DropTable,
        ] {
            let steps = || life.events.iter().filter_map(|event| step(event, kind));
            let done = steps()
                .filter(|outcome| matches!(outcome, Outcome::Done(_)))
                .count();
            let may = steps()
                .filter(|outcome| **outcome == Outcome::Unknown)
                .count();
            expect(kind, uuid.to_string(), done..=done + may);
        }
    }
}

/// How the event ended, if it is a step of this kind.
fn step(event: &LifeEvent, kind: EventKind) -> Option<&Outcome> {
    let LifeEvent::Stepped(step, outcome) = event else {
        return None;
    };
    let made = match step {
        Step::Create(_) => EventKind::CreateTable,
        Step::Rename(_) => EventKind::RenameTable,
        Step::Drop => EventKind::DropTable,
    };
    (made == kind).then_some(outcome)
}
