//! Events as log lines.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use events::conformance::sample;
use events::{LogLines, LogPublisher, PublishError, Publisher};
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber;
use uuid::Uuid;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A queue that drops some lines if it is told to.
#[derive(Debug, Default)]
struct Queue {
    leaves_out: AtomicU64,
    left_out: AtomicU64,
}

#[async_trait]
impl LogLines for Queue {
    async fn written(&self) {
        let lost = self.leaves_out.swap(0, Ordering::SeqCst);
        self.left_out.fetch_add(lost, Ordering::SeqCst);
    }

    fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn an_event_is_a_line_with_all_of_it() {
    let (lines, event) = (
        Lines::default(),
        sample(1, Uuid::new_v4(), &json!({ "name": "ü" })),
    );
    let own = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || own.clone())
        .finish();
    let publisher = LogPublisher::new(Arc::new(Queue::default()));
    let published = publisher.publish(&event);
    published.with_subscriber(subscriber).await.unwrap();
    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(line["fields"]["message"], "CloudEvent");
    assert_eq!(line["fields"]["event"], event.to_json());
}

#[tokio::test]
async fn an_event_whose_line_may_have_been_left_out_is_published_again() {
    let queue = Arc::new(Queue::default());
    let publisher = LogPublisher::new(Arc::clone(&queue) as Arc<dyn LogLines>);
    let event = sample(1, Uuid::new_v4(), &json!({}));
    queue.leaves_out.store(1, Ordering::SeqCst);
    let ended = publisher.publish(&event).await;
    assert!(
        matches!(ended, Err(PublishError::Unavailable(_))),
        "{ended:?}"
    );
    publisher.publish(&event).await.unwrap();
}
