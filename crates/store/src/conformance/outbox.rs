//! The events of committed changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::{Actor, Event, EventKind, Origin, RequestId};
use serde_json::value::RawValue;

use super::fixture::{Catalog, NOW, event, later, new_project};
use crate::{Effects, OUTBOX_READ_BYTES, OutboxBounds, OutboxRow, Store};

async fn tell(store: &Arc<dyn Store>, events: Vec<Event>) {
    let effects = Effects {
        events,
        ..Effects::none()
    };
    store.project_create(new_project(), effects).await.unwrap();
}

fn subjects(rows: &[OutboxRow]) -> Vec<&str> {
    rows.iter().map(|row| row.event.subject.as_str()).collect()
}

pub async fn events_come_in_the_order_of_their_changes(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    assert!(store.outbox_read(0, 10).await.unwrap().is_empty());
    let text = "{\"b\": 1.50,\"a\":[ ],\"ü\":\"\\u00e9 'x'\"}";
    let origin = Origin {
        actor: Actor::Principal("oidc~ü 'x'".parse().unwrap()),
        request: Some(RequestId::generate()),
        part: 1,
        parts: 3,
        ..Origin::generate()
    };
    let full = Event {
        origin: origin.clone(),
        warehouse: Some(catalog.warehouse),
        at: later(17),
        body: RawValue::from_string(text.to_owned()).unwrap(),
        ..event(EventKind::UpdateNamespaceProperties, "1")
    };
    let second = event(EventKind::DropView, "2");
    tell(store, vec![full, second]).await;
    // The events are in the order of the changes, not of their times.
    let early = Event {
        at: later(-5),
        ..event(EventKind::CreateProject, "3")
    };
    tell(store, vec![early]).await;
    let rows = store.outbox_read(0, 10).await.unwrap();
    assert_eq!(subjects(&rows), ["1", "2", "3"]);
    assert!(rows.is_sorted_by(|one, next| one.sequence < next.sequence));
    assert!(rows[0].sequence > 0);
    let first = &rows[0].event;
    assert_eq!(first.kind, EventKind::UpdateNamespaceProperties);
    assert_eq!(
        (first.at, first.warehouse),
        (later(17), Some(catalog.warehouse))
    );
    assert_eq!(first.body.get(), text);
    assert_eq!(first.origin, origin);
    assert_eq!(rows[1].event.kind, EventKind::DropView);
    assert_eq!(rows[1].event.warehouse, None);
}

pub async fn they_are_read_in_portions(store: &Arc<dyn Store>) {
    for number in 0..7 {
        let subject = number.to_string();
        tell(store, vec![event(EventKind::CreateProject, &subject)]).await;
    }
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let rows = store.outbox_read(after, 3).await.unwrap();
        let Some(last) = rows.last() else { break };
        assert!(rows.len() <= 3);
        after = last.sequence;
        seen.extend(rows.into_iter().map(|row| row.event.subject));
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4", "5", "6"]);
}

pub async fn old_ones_are_trimmed_in_portions(store: &Arc<dyn Store>) {
    for age in 1..=5 {
        let aged = Event {
            at: later(age),
            ..event(EventKind::CreateProject, &age.to_string())
        };
        tell(store, vec![aged]).await;
    }
    assert_eq!(store.outbox_trim(NOW, 10).await.unwrap(), 0);
    assert_eq!(store.outbox_trim(later(4), 2).await.unwrap(), 2);
    assert_eq!(
        subjects(&store.outbox_read(0, 10).await.unwrap()),
        ["3", "4", "5"]
    );
    assert_eq!(store.outbox_trim(later(4), 2).await.unwrap(), 1);
    assert_eq!(store.outbox_trim(later(4), 2).await.unwrap(), 0);
    assert_eq!(
        subjects(&store.outbox_read(0, 10).await.unwrap()),
        ["4", "5"]
    );
}

pub async fn the_first_go_as_long_as_there_are_too_many(store: &Arc<dyn Store>) {
    for number in 0..5 {
        let subject = number.to_string();
        tell(store, vec![event(EventKind::CreateProject, &subject)]).await;
    }
    let cut = |keep, limit| store.outbox_cut(OutboxBounds::of_events(keep), limit);
    assert_eq!(cut(5, 10).await.unwrap(), 0);
    assert_eq!(cut(2, 2).await.unwrap(), 2);
    assert_eq!(
        subjects(&store.outbox_read(0, 10).await.unwrap()),
        ["2", "3", "4"]
    );
    assert_eq!(cut(2, 2).await.unwrap(), 1);
    assert_eq!(cut(2, 2).await.unwrap(), 0);
}

pub async fn many_that_nobody_has_read_go_at_once(store: &Arc<dyn Store>) {
    let all = (0..2_100).map(|number| event(EventKind::CreateProject, &number.to_string()));
    tell(store, all.collect()).await;
    let keep = OutboxBounds::of_events(5);
    assert_eq!(store.outbox_cut(keep, 3_000).await.unwrap(), 2_095);
}

pub async fn the_first_go_as_long_as_there_are_too_many_bytes(store: &Arc<dyn Store>) {
    let sized = |bytes: usize| {
        let body = format!("\"{}\"", "x".repeat(bytes - 2));
        Event {
            body: RawValue::from_string(body).unwrap(),
            ..event(EventKind::CreateProject, &bytes.to_string())
        }
    };
    let left = async || {
        let rows = store.outbox_read(0, 100).await.unwrap();
        subjects(&rows).join(" ")
    };
    let cut = |bytes, limit| {
        let events = 100;
        store.outbox_cut(OutboxBounds { events, bytes }, limit)
    };
    assert_eq!(cut(1, 10).await.unwrap(), 0);
    tell(store, vec![sized(100), sized(200)]).await;
    // Reading gives these events their places before others follow.
    assert_eq!(left().await, "100 200");
    tell(store, vec![sized(300), sized(400), sized(50)]).await;
    assert_eq!(cut(1_050, 10).await.unwrap(), 0);
    assert_eq!(cut(1_049, 10).await.unwrap(), 1);
    assert_eq!(left().await, "200 300 400 50");
    assert_eq!(cut(450, 1).await.unwrap(), 1);
    assert_eq!(cut(450, 1).await.unwrap(), 1);
    assert_eq!(cut(450, 1).await.unwrap(), 0);
    assert_eq!(left().await, "400 50");
    // The last event always stays.
    assert_eq!(cut(1, 10).await.unwrap(), 1);
    tell(store, vec![sized(1_000)]).await;
    assert_eq!(cut(999, 10).await.unwrap(), 1);
    assert_eq!(cut(0, 10).await.unwrap(), 0);
    assert_eq!(left().await, "1000");
    tell(store, vec![sized(10), sized(20)]).await;
    assert_eq!(cut(30, 10).await.unwrap(), 1);
    assert_eq!(left().await, "10 20");
    // The stricter of the two bounds applies.
    let keep = OutboxBounds {
        events: 1,
        bytes: 30,
    };
    assert_eq!(store.outbox_cut(keep, 10).await.unwrap(), 1);
    let (span, rows) = (store.outbox_span(), store.outbox_read(0, 1));
    let (span, rows) = (span.await.unwrap(), rows.await.unwrap());
    assert_eq!(span.trimmed, rows[0].sequence - 1);
    // The outbox is empty: no earlier event to count from.
    assert_eq!(store.outbox_trim(later(1), 10).await.unwrap(), 1);
    tell(store, vec![sized(500), sized(70)]).await;
    assert_eq!(cut(570, 10).await.unwrap(), 0);
    assert_eq!(cut(569, 10).await.unwrap(), 1);
}

pub async fn how_far_it_reaches_is_told(store: &Arc<dyn Store>) {
    let empty = store.outbox_span().await.unwrap();
    assert_eq!((empty.trimmed, empty.last), (0, 0));
    for number in 0..3 {
        let subject = number.to_string();
        tell(store, vec![event(EventKind::CreateProject, &subject)]).await;
    }
    let rows = store.outbox_read(0, 10).await.unwrap();
    let span = store.outbox_span().await.unwrap();
    assert_eq!((span.trimmed, span.last), (0, rows[2].sequence));
    let keep = OutboxBounds::of_events(2);
    store.outbox_cut(keep, 10).await.unwrap();
    let span = store.outbox_span().await.unwrap();
    assert_eq!(
        (span.trimmed, span.last),
        (rows[0].sequence, rows[2].sequence)
    );
    // Also if the removed events were never read.
    tell(store, vec![event(EventKind::CreateProject, "4")]).await;
    assert_eq!(store.outbox_trim(later(1), 10).await.unwrap(), 3);
    let span = store.outbox_span().await.unwrap();
    assert!(span.trimmed > rows[2].sequence);
    assert_eq!(span.last, span.trimmed);
}

pub async fn a_read_is_bounded_in_bytes(store: &Arc<dyn Store>) {
    let large = |share: i64| {
        let bytes = usize::try_from(OUTBOX_READ_BYTES / share).unwrap();
        let body = RawValue::from_string(format!("\"{}\"", "x".repeat(bytes))).unwrap();
        Event {
            body,
            ..event(EventKind::CreateProject, &share.to_string())
        }
    };
    for share in [3, 4, 2, 1, 5] {
        tell(store, vec![large(share)]).await;
    }
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let rows = store.outbox_read(after, 10).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.sequence;
        seen.push(subjects(&rows).join(" "));
    }
    assert_eq!(seen, ["3 4", "2", "1", "5"]);
}

pub async fn a_place_is_never_given_twice(store: &Arc<dyn Store>) {
    tell(store, vec![event(EventKind::CreateProject, "1")]).await;
    let last = store.outbox_read(0, 10).await.unwrap()[0].sequence;
    assert_eq!(store.outbox_trim(later(1), 10).await.unwrap(), 1);
    tell(store, vec![event(EventKind::CreateProject, "2")]).await;
    let rows = store.outbox_read(last, 10).await.unwrap();
    assert_eq!(subjects(&rows), ["2"]);
}

/// An event must not appear before a place that a reader has already passed.
pub async fn a_reader_that_follows_misses_nothing(store: &Arc<dyn Store>) {
    const WRITERS: usize = 16;
    const EACH: usize = 20;
    let running = Arc::new(AtomicUsize::new(WRITERS));
    for writer in 0..WRITERS {
        let (store, running) = (Arc::clone(store), Arc::clone(&running));
        tokio::spawn(async move {
            for number in 0..EACH {
                let pair = [0, 1].map(|half| {
                    let subject = format!("{writer} {}", 2 * number + half);
                    event(EventKind::CreateProject, &subject)
                });
                tell(&store, pair.into()).await;
            }
            running.fetch_sub(1, Ordering::SeqCst);
        });
    }
    let (mut seen, mut after) = (vec![0; WRITERS], 0);
    loop {
        let ended = running.load(Ordering::SeqCst) == 0;
        let rows = store.outbox_read(after, 7).await.unwrap();
        if rows.is_empty() && ended {
            break;
        }
        for row in rows {
            assert!(row.sequence > after);
            after = row.sequence;
            let (writer, number) = row.event.subject.split_once(' ').unwrap();
            let next = &mut seen[writer.parse::<usize>().unwrap()];
            assert_eq!(number.parse(), Ok(*next), "events of writer {writer}");
            *next += 1;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(seen, [2 * EACH; WRITERS]);
}
