//! Reads the events that have arrived in a topic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use events::Publisher;
use events::conformance::Subject;
use rskafka::client::partition::{PartitionClient, UnknownTopicHandling};
use rskafka::record::Record;
use serde_json::{Map, Value};

use super::publisher;
use crate::broker::{Broker, SECRET};

/// A topic, read from its beginning.
pub(crate) struct Sink<'a> {
    broker: &'a Broker,
    partitions: Vec<PartitionClient>,
    /// The offset up to which each partition has been read.
    read: Mutex<Vec<i64>>,
    /// The partitions in which each key has been seen.
    keys: Mutex<BTreeMap<Vec<u8>, BTreeSet<usize>>>,
}

impl<'a> Sink<'a> {
    pub(crate) async fn of(broker: &'a Broker, topic: &str, partitions: i32) -> Self {
        let client = broker.client().await;
        let mut all = Vec::new();
        for number in 0..partitions {
            let partition = client.partition_client(topic, number, UnknownTopicHandling::Retry);
            all.push(partition.await.unwrap());
        }
        Self {
            broker,
            read: Mutex::new(vec![0; all.len()]),
            partitions: all,
            keys: Mutex::default(),
        }
    }

    /// The partitions that have events. Each key must be in a single one.
    pub(crate) fn partitions_of_keys(&self) -> BTreeSet<usize> {
        let keys = self.keys.lock().unwrap();
        assert!(keys.values().all(|partitions| partitions.len() == 1));
        keys.values().flatten().copied().collect()
    }

    /// The numbers in the data of the next `count` events, in the order of each partition.
    pub(crate) async fn take(&self, count: usize) -> Vec<i64> {
        let events = self.arrived(count).await;
        let number = |event: &Value| event["data"]["number"].as_i64().unwrap();
        events.iter().map(number).collect()
    }

    async fn poll(&self, at: usize) -> Vec<Value> {
        let from = self.read.lock().unwrap()[at];
        let fetched = self.partitions[at].fetch_records(from, 1..16_000_000, 100);
        let (records, _) = fetched.await.unwrap();
        let mut events = Vec::new();
        for one in records {
            self.read.lock().unwrap()[at] = one.offset + 1;
            let key = one.record.key.clone().unwrap();
            let mut keys = self.keys.lock().unwrap();
            keys.entry(key).or_default().insert(at);
            events.push(event(&one.record));
        }
        events
    }
}

/// Turns a record in binary mode into an event in the JSON format.
fn event(record: &Record) -> Value {
    let mut event = Map::new();
    for (name, value) in &record.headers {
        let value = String::from_utf8(value.clone()).unwrap();
        let name = match name.as_str() {
            "content-type" => "datacontenttype",
            name => name.strip_prefix("ce_").unwrap(),
        };
        let value = match name {
            "num-events" | "sequence-number" => Value::from(value.parse::<u32>().unwrap()),
            _ => Value::from(value),
        };
        event.insert(name.to_owned(), value);
    }
    let data = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
    event.insert("data".to_owned(), data);
    Value::Object(event)
}

#[async_trait]
impl Subject for Sink<'_> {
    fn publisher(&self) -> Arc<dyn Publisher> {
        Arc::new(publisher(&self.broker.login("SCRAM-SHA-512", SECRET)))
    }

    fn unreachable(&self) -> Arc<dyn Publisher> {
        // Nothing listens on port 1, which only root may use.
        let settings = self.broker.login("SCRAM-SHA-512", SECRET);
        let (_, after) = settings.split_once("\", \"security").unwrap();
        let settings = format!("{{\"bootstrap.servers\"=\"127.0.0.1:1\", \"security{after}");
        Arc::new(publisher(&settings))
    }

    async fn arrived(&self, count: usize) -> Vec<Value> {
        let (start, mut arrived) = (Instant::now(), Vec::new());
        while arrived.len() < count && start.elapsed() < Duration::from_mins(1) {
            for at in 0..self.partitions.len() {
                arrived.extend(self.poll(at).await);
            }
        }
        arrived
    }

    fn secret(&self) -> Option<&str> {
        Some(SECRET)
    }
}
