//! The requirements on a publisher, as tests: call [`check`] with a [`Subject`].
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "these are tests, though they stand in a library"
)]

mod receiver;

pub use receiver::{Got, Receiver};

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use model::{Event, EventKind, Origin, Timestamp, WarehouseId};
use serde_json::{Value, json};
use store::OutboxRow;
use uuid::Uuid;

use crate::{CloudEvent, PublishError, Publisher, Source};

/// How long a sink may take to show the events it got, or a publisher to find that its sink is unreachable.
const PATIENCE: Duration = Duration::from_mins(1);

/// A publisher under test and the sink behind it.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The publisher.
    fn publisher(&self) -> Arc<dyn Publisher>;

    /// A publisher of the same kind whose sink does not exist.
    fn unreachable(&self) -> Arc<dyn Publisher>;

    /// The events that have arrived and were not returned by an earlier call, in order of arrival, as in
    /// [`CloudEvent::to_json`]. Waits for `count` events, but not forever.
    async fn arrived(&self, count: usize) -> Vec<Value>;

    /// A secret of the publisher's configuration, which `Debug` must not show.
    fn secret(&self) -> Option<&str>;
}

/// A sample event: the `number`th of the outbox, about `subject`.
pub fn sample(number: i64, subject: Uuid, data: &Value) -> CloudEvent {
    let row = OutboxRow {
        sequence: number,
        event: Event {
            kind: EventKind::UpdateTable,
            at: Timestamp::from_ms(1_700_000_000_000 + number),
            warehouse: Some(WarehouseId::from(Uuid::from_u128(1))),
            subject: subject.to_string(),
            body: serde_json::value::to_raw_value(data).unwrap(),
            origin: Origin::generate(),
        },
    };
    CloudEvent::of(row, &Source::of(Uuid::nil().into()))
}

/// Runs all cases.
pub async fn check(subject: &dyn Subject) {
    let publisher = subject.publisher();
    let to = (publisher.as_ref(), subject);
    what_is_published_arrives_as_it_is(to).await;
    events_of_one_key_arrive_in_their_order(to).await;
    what_is_published_again_can_be_told_by_its_id(to).await;
    many_at_once_all_arrive(to).await;
    a_sink_that_is_not_there_is_unavailable(subject).await;
    names_are_short_words_and_secrets_are_not_shown(subject);
}

fn json_of(event: &CloudEvent) -> Value {
    serde_json::from_str(&event.to_json()).unwrap()
}

/// A publisher, used as a relay uses it, and the sink that its events arrive at.
type Tested<'a> = (&'a dyn Publisher, &'a dyn Subject);

async fn publish(publisher: &dyn Publisher, event: &CloudEvent) {
    let published = tokio::time::timeout(PATIENCE, publisher.publish(event)).await;
    published.unwrap().unwrap();
}

async fn what_is_published_arrives_as_it_is((publisher, subject): Tested<'_>) {
    let odd =
        json!({ "namespace": ["ü", "日本"], "name": "a \"b\" 'c' \\ \n \u{1f600}", "n": 1.5 });
    let large = json!({ "namespace": ["ns"], "name": "t", "updates": "x".repeat(200_000) });
    for data in [odd, large, json!({}), json!([])] {
        let event = sample(1, Uuid::new_v4(), &data);
        publish(publisher, &event).await;
        assert_eq!(subject.arrived(1).await, [json_of(&event)]);
    }
}

async fn events_of_one_key_arrive_in_their_order((publisher, subject): Tested<'_>) {
    let key = Uuid::new_v4();
    for number in 0..20 {
        publish(
            publisher,
            &sample(number, key, &json!({ "number": number })),
        )
        .await;
    }
    let arrived = subject.arrived(20).await;
    let numbers: Vec<_> = arrived
        .iter()
        .map(|event| event["data"]["number"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
}

/// The sink may drop the repetition, as it can recognise it by the event's id.
async fn what_is_published_again_can_be_told_by_its_id((publisher, subject): Tested<'_>) {
    // Both events have the same key, because a sink keeps no order between different keys.
    let key = Uuid::new_v4();
    let (event, last) = (sample(1, key, &json!({})), sample(2, key, &json!({})));
    for event in [&event, &event, &last] {
        publish(publisher, event).await;
    }
    let mut arrived = subject.arrived(2).await;
    if arrived.last() != Some(&json_of(&last)) {
        arrived.extend(subject.arrived(1).await);
    }
    arrived.dedup();
    assert_eq!(arrived, [json_of(&event), json_of(&last)]);
}

async fn many_at_once_all_arrive((publisher, subject): Tested<'_>) {
    let events: Vec<_> = (0..100)
        .map(|number| sample(number, Uuid::new_v4(), &json!({ "number": number })))
        .collect();
    // As a relay would, send no more than `lanes` events at once.
    let sent = stream::iter(&events);
    sent.for_each_concurrent(publisher.lanes(), |event| publish(publisher, event))
        .await;
    let arrived = subject.arrived(events.len()).await;
    let mut numbers: Vec<_> = arrived
        .iter()
        .map(|event| event["data"]["number"].as_i64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}

async fn a_sink_that_is_not_there_is_unavailable(subject: &dyn Subject) {
    let publisher = subject.unreachable();
    let event = sample(1, Uuid::new_v4(), &json!({}));
    let tried = tokio::time::timeout(PATIENCE, publisher.publish(&event)).await;
    let refused = tried.unwrap().unwrap_err();
    assert!(matches!(refused, PublishError::Unavailable(_)), "{refused}");
    if let Some(secret) = subject.secret() {
        assert!(!refused.to_string().contains(secret), "{refused}");
    }
}

fn names_are_short_words_and_secrets_are_not_shown(subject: &dyn Subject) {
    let publisher = subject.publisher();
    let name = publisher.name();
    let is_word = !name.is_empty() && name.len() <= 64;
    assert!(
        is_word && name.chars().all(|c| c.is_ascii_graphic()),
        "{name}"
    );
    assert!(publisher.lanes() > 0 && publisher.attempts() > 0);
    if let Some(secret) = subject.secret() {
        assert!(!format!("{publisher:?}").contains(secret));
    }
}
