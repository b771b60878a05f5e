//! Publishes events to [Kafka](https://kafka.apache.org) in the binary mode of the CloudEvents Kafka binding:
//! attributes are headers, the data is the value. The key is the id of the event's object, so that all events of one
//! table are in one partition, in order.
//!
//! Settings have librdkafka's names, but the client is another one that needs no OpenSSL. Settings that it does not
//! support are refused.

mod properties;
mod tls;

pub use properties::{InvalidProperty, parse_dictionary};

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use events::{CloudEvent, PublishError, Publisher};
use rskafka::BackoffConfig;
use rskafka::chrono::{DateTime, Utc};
use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder, Credentials, SaslConfig};
use rskafka::record::Record;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use zeroize::Zeroizing;

use tls::Tls;

/// How long the client itself tries to reach a broker before it reports a failure to the relay, which tries again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a broker may take to acknowledge an event; less than the relay's own timeout.
const ANSWER: Duration = Duration::from_secs(20);

/// Topic, brokers and login: see [`KafkaConfig::new`].
#[derive(Clone)]
pub struct KafkaConfig {
    topic: String,
    brokers: Vec<String>,
    client_id: String,
    tls: Option<Tls>,
    login: Option<Login>,
    compression: Compression,
}

#[derive(Clone)]
struct Login {
    mechanism: Mechanism,
    user: String,
    password: Zeroizing<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

impl fmt::Debug for KafkaConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KafkaConfig")
            .field("topic", &self.topic)
            .field("brokers", &self.brokers)
            .field("has_tls", &self.tls.is_some())
            .field(
                "mechanism",
                &self.login.as_ref().map(|login| login.mechanism),
            )
            .finish_non_exhaustive()
    }
}

/// Publishes to one topic. Connects with the first event, and again after the brokers were unavailable.
#[derive(Debug)]
pub struct KafkaPublisher {
    config: KafkaConfig,
    /// The topic, once it has been looked up. To look it up again, the cell is replaced.
    topic: Mutex<Arc<OnceCell<Topic>>>,
}

/// A topic and its partitions at the time of the lookup.
#[derive(Debug)]
struct Topic {
    client: Client,
    name: String,
    /// The partitions, in the order of their numbers.
    partitions: Vec<(i32, OnceCell<PartitionClient>)>,
    compression: Compression,
}

impl KafkaPublisher {
    /// Creates the publisher. Nothing is connected yet.
    pub fn new(config: KafkaConfig) -> Self {
        Self {
            config,
            topic: Mutex::default(),
        }
    }

    fn cell(&self) -> Arc<OnceCell<Topic>> {
        Arc::clone(&self.topic.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the next event look up the topic again: its brokers and partitions may have changed.
    fn forget(&self, cell: &Arc<OnceCell<Topic>>) {
        let mut current = self.topic.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, cell) {
            *current = Arc::default();
        }
    }

    async fn look_up(&self) -> Result<Topic, PublishError> {
        let looked_up = timeout(PATIENCE, self.config.connect());
        looked_up
            .await
            .map_err(|_| unavailable("no broker answers"))?
    }
}

impl KafkaConfig {
    async fn connect(&self) -> Result<Topic, PublishError> {
        let mut builder = ClientBuilder::new(self.brokers.clone())
            .client_id(self.client_id.as_str())
            .backoff_config(BackoffConfig {
                max_backoff: Duration::from_secs(2),
                deadline: Some(PATIENCE),
                ..BackoffConfig::default()
            });
        if let Some(tls) = &self.tls {
            builder = builder.tls_config(Arc::new(tls.config().map_err(unavailable)?));
        }
        if let Some(login) = &self.login {
            builder = builder.sasl_config(login.sasl());
        }
        let client = builder.build().await.map_err(unavailable)?;
        let mut topics = client.list_topics().await.map_err(unavailable)?.into_iter();
        let Some(topic) = topics.find(|topic| topic.name == self.topic) else {
            let name = &self.topic;
            let why = format!("there is no topic `{name}`, or it may not be seen: create it");
            return Err(unavailable(why));
        };
        let partitions = topic.partitions.into_iter();
        Ok(Topic {
            client,
            name: topic.name,
            partitions: partitions.map(|number| (number, OnceCell::new())).collect(),
            compression: self.compression,
        })
    }
}

impl Login {
    fn sasl(&self) -> SaslConfig {
        let credentials = Credentials::new(self.user.clone(), self.password.to_string());
        match self.mechanism {
            Mechanism::Plain => SaslConfig::Plain(credentials),
            Mechanism::ScramSha256 => SaslConfig::ScramSha256(credentials),
            Mechanism::ScramSha512 => SaslConfig::ScramSha512(credentials),
        }
    }
}

#[async_trait]
impl Publisher for KafkaPublisher {
    fn name(&self) -> &'static str {
        "kafka"
    }

    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError> {
        let cell = self.cell();
        // Events that arrive meanwhile wait for the same lookup.
        let topic = cell.get_or_try_init(|| self.look_up()).await?;
        // rskafka waits for an answer as long as the connection seems to be alive. Without this timeout the relay
        // would cancel this call before the topic is forgotten and the connection with it.
        let sent = timeout(ANSWER, topic.send(event)).await;
        let sent = sent.unwrap_or_else(|_| Err(unavailable("the broker does not answer")));
        if let Err(PublishError::Unavailable(_)) = &sent {
            self.forget(&cell);
        }
        sent
    }
}

impl Topic {
    async fn send(&self, event: &CloudEvent) -> Result<(), PublishError> {
        let partition = self.partition(event.key()).await?;
        let sent = partition.produce(vec![record(event)], self.compression);
        sent.await.map(drop).map_err(|error| match &error {
            Error::ServerError { protocol_error, .. } if is_refusal(*protocol_error) => {
                PublishError::Refused(protocol_error.to_string())
            }
            _ => unavailable(error),
        })
    }

    /// The partition that librdkafka would choose, which is what today's Lakekeeper publishes with.
    async fn partition(&self, key: &str) -> Result<&PartitionClient, PublishError> {
        let hash = crc32fast::hash(key.as_bytes()) as usize;
        let at = hash.checked_rem(self.partitions.len());
        let chosen = at.and_then(|at| self.partitions.get(at));
        let (number, client) = chosen.ok_or_else(|| unavailable("the topic has no partition"))?;
        let handling = UnknownTopicHandling::Error;
        let connect = || {
            self.client
                .partition_client(self.name.as_str(), *number, handling)
        };
        client.get_or_try_init(connect).await.map_err(unavailable)
    }
}

/// Whether the broker will never accept this event.
const fn is_refusal(error: ProtocolError) -> bool {
    matches!(
        error,
        ProtocolError::MessageTooLarge
            | ProtocolError::RecordListTooLarge
            | ProtocolError::InvalidRecord
    )
}

/// The event as a record of the [Kafka
/// binding](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md) in binary
/// mode.
fn record(event: &CloudEvent) -> Record {
    let headers = event.attributes().into_iter().map(|(name, value)| {
        let name = match name.as_str() {
            "datacontenttype" => "content-type".to_owned(),
            name => format!("ce_{name}"),
        };
        (name, value.into_bytes())
    });
    Record {
        key: Some(event.key().into()),
        value: Some(event.data().into()),
        headers: headers.collect(),
        timestamp: DateTime::<Utc>::from_timestamp_millis(event.at().as_ms()).unwrap_or_default(),
    }
}

fn unavailable(why: impl fmt::Display) -> PublishError {
    PublishError::Unavailable(why.to_string())
}
