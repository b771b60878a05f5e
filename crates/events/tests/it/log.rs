//! Events as log lines.

use std::io;
use std::sync::{Arc, Mutex};

use events::conformance::sample;
use events::{LogPublisher, Publisher};
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
    let published = LogPublisher.publish(&event);
    published.with_subscriber(subscriber).await.unwrap();
    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(line["fields"]["message"], "CloudEvent");
    assert_eq!(line["fields"]["event"], event.to_json());
}
