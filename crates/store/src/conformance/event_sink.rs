//! Event sinks: claims, progress and dead letters.

use std::sync::Arc;

use model::{EventId, EventKind};

use super::fixture::{NOW, event, later, new_project, refused};
use crate::{Effects, Entity, NewDeadLetter, OutboxBounds, Store, StoreError};

async fn tell(store: &Arc<dyn Store>, subject: &str) {
    let effects = Effects {
        events: vec![event(EventKind::CreateProject, subject)],
        ..Effects::none()
    };
    store.project_create(new_project(), effects).await.unwrap();
}

fn letter(sequence: i64, reason: &str) -> NewDeadLetter {
    NewDeadLetter {
        sequence,
        event: EventId::generate(),
        reason: reason.to_owned(),
        attempts: 3,
        at: NOW,
    }
}

pub async fn one_holder_at_a_time_brings_events_to_a_sink(store: &Arc<dyn Store>) {
    let claim = async |sink: &str, holder: &str, at: i64| {
        let claimed = store.event_sink_claim(sink, holder, later(at), later(at + 10));
        claimed.await.unwrap()
    };
    assert_eq!(claim("log", "a", 0).await, Some(0));
    assert_eq!(claim("log", "b", 9).await, None);
    assert_eq!(claim("nats", "b", 9).await, Some(0), "another sink");
    assert_eq!(claim("log", "a", 5).await, Some(0), "its own again");
    store
        .event_sink_extend("log", "a", later(30))
        .await
        .unwrap();
    assert_eq!(claim("log", "b", 29).await, None);
    assert_eq!(claim("log", "b", 30).await, Some(0), "the hold has ended");
    let lost = store.event_sink_extend("log", "a", later(90)).await;
    refused!(lost, StoreError::NotFound(Entity::EventSink(_)));
    store.event_sink_release("log", "a").await.unwrap();
    assert_eq!(claim("log", "a", 31).await, None, "not a's to let go");
    store.event_sink_release("log", "b").await.unwrap();
    assert_eq!(claim("log", "a", 31).await, Some(0));
}

pub async fn of_many_that_claim_one_sink_one_gets_it(store: &Arc<dyn Store>) {
    let claims = (0..16).map(|number| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let holder = number.to_string();
            let claimed = store.event_sink_claim("log", &holder, NOW, later(10));
            claimed.await.unwrap()
        })
    });
    let mut held = 0;
    for claim in claims.collect::<Vec<_>>() {
        held += usize::from(claim.await.unwrap().is_some());
    }
    assert_eq!(held, 1);
}

pub async fn what_a_sink_has_got_is_kept_for_the_next_holder(store: &Arc<dyn Store>) {
    let claimed = store.event_sink_claim("log", "a", NOW, later(10)).await;
    assert_eq!(claimed.unwrap(), Some(0));
    let advance = async |holder: &str, to: i64| {
        store
            .event_sink_advance("log", holder, to, Vec::new())
            .await
    };
    advance("a", 7).await.unwrap();
    advance("a", 5).await.unwrap();
    let claimed = store
        .event_sink_claim("log", "b", later(10), later(20))
        .await;
    assert_eq!(claimed.unwrap(), Some(7), "a sink never goes back");
    refused!(
        advance("a", 9).await,
        StoreError::NotFound(Entity::EventSink(_))
    );
    advance("b", 8).await.unwrap();
    store.event_sink_release("log", "b").await.unwrap();
    let claimed = store
        .event_sink_claim("log", "c", later(11), later(20))
        .await;
    assert_eq!(claimed.unwrap(), Some(8));
}

pub async fn a_new_sink_begins_with_the_oldest_event(store: &Arc<dyn Store>) {
    for subject in ["1", "2", "3"] {
        tell(store, subject).await;
    }
    let rows = store.outbox_read(0, 10).await.unwrap();
    assert_eq!(
        store
            .outbox_cut(OutboxBounds::of_events(1), 10)
            .await
            .unwrap(),
        2
    );
    let claimed = store.event_sink_claim("log", "a", NOW, later(10)).await;
    let cursor = claimed.unwrap().unwrap();
    assert_eq!(cursor, rows[1].sequence);
    let left = store.outbox_read(cursor, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].event.subject, "3");
}

pub async fn what_a_sink_refuses_is_kept_with_the_reason(store: &Arc<dyn Store>) {
    let claimed = store.event_sink_claim("log", "a", NOW, later(10)).await;
    claimed.unwrap();
    let letters = vec![letter(1, "too large"), letter(2, "a \0 byte")];
    let not_held = store
        .event_sink_advance("log", "b", 2, letters.clone())
        .await;
    refused!(not_held, StoreError::NotFound(Entity::EventSink(_)));
    assert!(store.dead_letter_list(0, 10).await.unwrap().is_empty());
    store
        .event_sink_advance("log", "a", 2, letters.clone())
        .await
        .unwrap();
    let kept = store.dead_letter_list(0, 10).await.unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.is_sorted_by(|one, next| one.number < next.number));
    assert_eq!(
        (kept[0].sink.as_str(), &kept[0].letter),
        ("log", &letters[0])
    );
    assert_eq!(kept[1].letter.event, letters[1].event);
    let first = store.dead_letter_list(0, 1).await.unwrap();
    assert_eq!(first, kept[..1]);
    let rest = store.dead_letter_list(kept[0].number, 10).await.unwrap();
    assert_eq!(rest, kept[1..]);
}

pub async fn old_dead_letters_are_trimmed_in_portions(store: &Arc<dyn Store>) {
    let claimed = store.event_sink_claim("log", "a", NOW, later(10)).await;
    claimed.unwrap();
    let aged = (1..=3).map(|age| NewDeadLetter {
        at: later(age),
        ..letter(age, "no")
    });
    let aged = store.event_sink_advance("log", "a", 3, aged.collect());
    aged.await.unwrap();
    assert_eq!(store.dead_letter_trim(later(1), 10).await.unwrap(), 0);
    assert_eq!(store.dead_letter_trim(later(3), 1).await.unwrap(), 1);
    assert_eq!(store.dead_letter_trim(later(3), 10).await.unwrap(), 1);
    assert_eq!(store.dead_letter_list(0, 10).await.unwrap().len(), 1);
}
