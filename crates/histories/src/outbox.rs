//! Checks that every change has exactly one event.

use std::collections::HashMap;

use model::EventKind;
use serde_json::Value;
use store::{Outbox, OutboxRow};
use store_postgres::{PostgresConfig, PostgresStore};
use store_sqlite::SqliteStore;

use crate::Error;
use crate::backend::Backend;
use crate::check::{Rule, Violation};
use crate::history::{History, LifeEvent, Outcome, SeenEvent, Step};

const PAGE: u32 = 1000;
/// Events about a table that one client works with.
const OF_LIFE: [EventKind; 3] = [
    EventKind::CreateTable,
    EventKind::RenameTable,
    EventKind::DropTable,
];
/// Events about a table with files.
const OF_HOLDING: [EventKind; 5] = [
    EventKind::CreateTable,
    EventKind::UpdateTable,
    EventKind::RenameTable,
    EventKind::DropTable,
    EventKind::UndropTabulars,
];

/// The number of events by kind and metadata file, and by kind and subject.
type Events = HashMap<(EventKind, String), usize>;

/// Reads all events of a database that nobody else has open.
pub(crate) async fn read(backend: &Backend) -> Result<Vec<OutboxRow>, Error> {
    let refused = |error: &dyn std::error::Error| Error::Store(error.to_string());
    match backend {
        Backend::Sqlite(path) => {
            let store = SqliteStore::open(path).map_err(|error| refused(&error))?;
            read_all(&store).await
        }
        Backend::Postgres(postgres) => {
            let store = PostgresStore::connect(PostgresConfig::new(postgres.database.url())).await;
            read_all(&store.map_err(|error| refused(&error))?).await
        }
    }
}

async fn read_all(outbox: &dyn Outbox) -> Result<Vec<OutboxRow>, Error> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let rows = outbox.outbox_read(after, PAGE).await;
        let rows = rows.map_err(|error| Error::Store(error.to_string()))?;
        let Some(last) = rows.last() else {
            return Ok(all);
        };
        after = last.sequence;
        all.extend(rows);
    }
}

/// The events as a consumer gets them.
pub(crate) fn seen_events(rows: &[OutboxRow]) -> Vec<SeenEvent> {
    let rows = rows.iter().map(|row| SeenEvent {
        id: row.event.origin.id.to_string(),
        subject: row.event.subject.clone(),
        sequence: row.sequence,
    });
    rows.collect()
}

fn count(rows: &[OutboxRow]) -> Events {
    let mut events = Events::new();
    for OutboxRow { event, .. } in rows {
        let body: Value = serde_json::from_str(event.body.get()).unwrap_or_default();
        if let Some(location) = body.get("metadata-location").and_then(Value::as_str) {
            *events.entry((event.kind, location.to_owned())).or_default() += 1;
        }
        let about = (event.kind, event.subject.clone());
        *events.entry(about).or_default() += 1;
    }
    events
}

/// Checks that each change of a shared table has one event, which names the metadata file that the change is in, and that
/// each step with a table of one client has one event.
pub(crate) fn compare(rows: &[OutboxRow], history: &History, found: &mut Vec<Violation>) {
    let events = count(rows);
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
        let steps: Vec<_> = life.events.iter().filter_map(step).collect();
        for kind in OF_LIFE {
            expect(kind, uuid.to_string(), range(kind, &steps));
        }
    }
    for (holding, _) in &history.holdings {
        let steps = holding.steps.iter();
        let steps: Vec<_> = steps.map(|(kind, outcome)| (*kind, outcome)).collect();
        for kind in OF_HOLDING {
            expect(kind, holding.id.to_string(), range(kind, &steps));
        }
    }
}

/// How many events of this kind the steps may have made.
fn range(kind: EventKind, steps: &[(EventKind, &Outcome)]) -> std::ops::RangeInclusive<usize> {
    let count = |is: fn(&Outcome) -> bool| {
        let steps = steps.iter();
        steps
            .filter(|(made, ended)| *made == kind && is(ended))
            .count()
    };
    let done = count(|outcome| matches!(outcome, Outcome::Done(_)));
    done..=done + count(|outcome| *outcome == Outcome::Unknown)
}

/// The kind of event that a step causes, and how the step ended.
fn step(event: &LifeEvent) -> Option<(EventKind, &Outcome)> {
    let LifeEvent::Stepped(step, outcome) = event else {
        return None;
    };
    let kind = match step {
        Step::Create(_) => EventKind::CreateTable,
        Step::Rename(_) => EventKind::RenameTable,
        Step::Drop => EventKind::DropTable,
    };
    Some((kind, outcome))
}
