//! Tests against real Kafka brokers, which the tests start.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod broker;
mod sink;

use std::time::Duration;

use events::conformance::{check, sample};
use events::{PublishError, Publisher};
use events_kafka::{KafkaConfig, KafkaPublisher, parse_dictionary};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use broker::{Broker, SECRET};
use sink::Sink;

const TOPIC: &str = "lake";

fn publisher(settings: &str) -> KafkaPublisher {
    let settings = parse_dictionary(settings).unwrap();
    KafkaPublisher::new(KafkaConfig::new(TOPIC, settings).unwrap())
}

async fn publish(publisher: &KafkaPublisher) -> Result<(), PublishError> {
    let event = sample(1, Uuid::new_v4(), &json!({}));
    publisher.publish(&event).await
}

fn is_unavailable(ended: &Result<(), PublishError>) -> bool {
    matches!(ended, Err(PublishError::Unavailable(why)) if !why.contains(SECRET))
}

#[tokio::test]
async fn kafka_is_a_publisher() {
    let broker = Broker::start(TempDir::new().unwrap());
    broker.create_topic(TOPIC, 3).await;
    let sink = Sink::of(&broker, TOPIC, 3).await;
    check(&sink).await;
    let partitions = sink.partitions_of_keys();
    assert!(partitions.len() > 1, "keys are spread");
}

#[tokio::test]
async fn an_event_is_refused_if_it_is_too_large_and_waits_as_long_as_there_is_no_topic() {
    let broker = Broker::start(TempDir::new().unwrap());
    let kafka = publisher(&broker.plaintext());
    let ended = publish(&kafka).await;
    assert!(is_unavailable(&ended), "{ended:?}");
    broker.create_topic(TOPIC, 1).await;
    publish(&kafka).await.unwrap();
    let event = sample(1, Uuid::new_v4(), &json!({ "x": "x".repeat(2_000_000) }));
    let ended = kafka.publish(&event).await;
    assert!(matches!(ended, Err(PublishError::Refused(_))), "{ended:?}");
    publish(&kafka).await.unwrap();
}

#[tokio::test]
async fn who_can_log_in_is_let_in_and_nobody_else() {
    let broker = Broker::start(TempDir::new().unwrap());
    broker.create_topic(TOPIC, 1).await;
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        publish(&publisher(&broker.login(mechanism, SECRET)))
            .await
            .unwrap();
        let ended = publish(&publisher(&broker.login(mechanism, "another"))).await;
        assert!(is_unavailable(&ended), "{mechanism}: {ended:?}");
    }
    publish(&publisher(&broker.tls(Some(broker.certificate()))))
        .await
        .unwrap();
    let ended = publish(&publisher(&broker.tls(None))).await;
    assert!(is_unavailable(&ended), "{ended:?}");
}

/// Events that the broker has stored survive, an event that it has not stored is reported as unavailable, and the
/// same publisher finds the broker again.
#[tokio::test]
async fn a_broker_that_was_killed_is_found_again() {
    let mut broker = Broker::start(TempDir::new().unwrap());
    broker.create_topic(TOPIC, 1).await;
    let kafka = publisher(&broker.plaintext());
    let events: Vec<_> = (1..=3)
        .map(|number| sample(number, Uuid::new_v4(), &json!({ "number": number })))
        .collect();
    kafka.publish(&events[0]).await.unwrap();
    broker.kill();
    let ended = kafka.publish(&events[1]).await;
    assert!(is_unavailable(&ended), "{ended:?}");
    broker.start_again();
    let mut tries = 0;
    while kafka.publish(&events[1]).await.is_err() {
        tries += 1;
        assert!(tries < 60, "it has not come back");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    kafka.publish(&events[2]).await.unwrap();
    let sink = Sink::of(&broker, TOPIC, 1).await;
    let mut numbers = sink.take(3).await;
    numbers.dedup();
    assert_eq!(numbers, [1, 2, 3]);
}
