//! What happens to the events of a batch.

use std::collections::HashSet;
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::conformance::sample;

const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

/// A sink that records the places of events, and refuses or fails those it is told to.
#[derive(Debug, Default)]
struct Sink {
    got: Mutex<Vec<i64>>,
    refuses: Mutex<HashSet<i64>>,
    fails_at: Mutex<HashSet<i64>>,
}

#[async_trait]
impl Publisher for Sink {
    fn name(&self) -> &'static str {
        "test"
    }

    fn attempts(&self) -> u32 {
        2
    }

    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError> {
        tokio::task::yield_now().await;
        let place = event.place();
        if self.refuses.lock().unwrap().contains(&place) {
            return Err(PublishError::Refused("no".repeat(REASON_CHARS)));
        }
        if self.fails_at.lock().unwrap().contains(&place) {
            return Err(PublishError::Unavailable("down".to_owned()));
        }
        self.got.lock().unwrap().push(place);
        Ok(())
    }
}

/// A batch of events 1, 2, 3, … with the given keys.
fn batch(keys: &[u128]) -> Batch {
    let events = keys
        .iter()
        .zip(1..)
        .map(|(key, number)| sample(number, Uuid::from_u128(*key), &json!({})));
    Batch::of(events.collect())
}

async fn round(batch: &mut Batch, sink: &Sink) -> Option<PublishError> {
    batch.round(sink, NOW, &CancellationToken::new()).await
}

#[tokio::test]
async fn each_key_comes_in_its_order() {
    let (mut batch, sink) = (batch(&[1, 2, 1, 1, 2, 3]), Sink::default());
    assert_eq!(round(&mut batch, &sink).await, None);
    let got = sink.got.lock().unwrap().clone();
    let of = |places: &[i64]| -> Vec<i64> {
        let got = got.iter().copied();
        got.filter(|place| places.contains(place)).collect()
    };
    assert_eq!(of(&[1, 3, 4]), [1, 3, 4]);
    assert_eq!(of(&[2, 5]), [2, 5]);
    let settled = batch.settle().unwrap();
    assert_eq!((settled.place, settled.taken), (6, 6));
    assert!(batch.is_done());
    assert_eq!(batch.settle(), None);
}

#[tokio::test]
async fn what_has_failed_is_tried_again_and_nothing_else() {
    let (mut batch, sink) = (batch(&[1, 1, 1]), Sink::default());
    sink.fails_at.lock().unwrap().insert(2);
    let failed = round(&mut batch, &sink).await;
    assert_eq!(failed, Some(PublishError::Unavailable("down".to_owned())));
    assert_eq!(batch.settle().map(|settled| settled.place), Some(1));
    assert!(!batch.is_done());
    sink.fails_at.lock().unwrap().clear();
    assert_eq!(round(&mut batch, &sink).await, None);
    assert_eq!(*sink.got.lock().unwrap(), [1, 2, 3]);
    assert_eq!(batch.settle().map(|settled| settled.place), Some(3));
}

#[tokio::test]
async fn a_sink_that_is_down_is_never_at_the_cost_of_an_event() {
    let (mut batch, sink) = (batch(&[1]), Sink::default());
    sink.fails_at.lock().unwrap().insert(1);
    for _ in 0..20 {
        assert!(round(&mut batch, &sink).await.is_some());
        assert_eq!(batch.settle(), None);
    }
}

#[tokio::test]
async fn a_refused_event_is_given_up_after_its_attempts_and_the_next_one_comes() {
    let (mut batch, sink) = (batch(&[1, 1, 2]), Sink::default());
    sink.refuses.lock().unwrap().insert(1);
    assert!(round(&mut batch, &sink).await.is_some());
    assert_eq!(batch.settle(), None, "the first attempt");
    assert_eq!(*sink.got.lock().unwrap(), [3], "another key goes on");
    assert!(round(&mut batch, &sink).await.is_some());
    let settled = batch.settle().unwrap();
    assert_eq!((settled.place, settled.taken), (3, 2));
    let [letter] = settled.refused.as_slice() else {
        panic!("{settled:?}");
    };
    assert_eq!((letter.sequence, letter.attempts, letter.at), (1, 2, NOW));
    assert_eq!(letter.reason.chars().count(), REASON_CHARS);
    assert_eq!(*sink.got.lock().unwrap(), [3, 2]);
}

#[tokio::test]
async fn a_stop_leaves_the_rest() {
    let (mut batch, sink) = (batch(&[1, 1]), Sink::default());
    let stop = CancellationToken::new();
    stop.cancel();
    assert_eq!(batch.round(&sink, NOW, &stop).await, None);
    assert!(!batch.is_done());
    assert!(sink.got.lock().unwrap().is_empty());
}

/// A publisher that never answers.
#[derive(Debug)]
struct Stuck;

#[async_trait]
impl Publisher for Stuck {
    fn name(&self) -> &'static str {
        "stuck"
    }

    async fn publish(&self, _: &CloudEvent) -> Result<(), PublishError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_never_answers_is_unavailable() {
    let mut batch = batch(&[1]);
    let failed = batch.round(&Stuck, NOW, &CancellationToken::new()).await;
    assert!(matches!(failed, Some(PublishError::Unavailable(_))));
}
