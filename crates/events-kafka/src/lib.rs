//! Publishes events to [Kafka](https://kafka.apache.org), as the Kafka binding of CloudEvents has it in binary mode: the attributes are
//! headers, the data is the value. The key is the id of what the event is about, so that the events of one table are in one
//! partition and in order there.
//!
//! Settings have the names of librdkafka. The client is another one, which needs no OpenSSL: what it does not know is refused.

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

/// How long the client itself tries to reach a broker, before the relay hears of it and tries again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a broker may take to say that it has an event; less than the relay waits for it.
const ANSWER: Duration = Duration::from_secs(20);

/// Where to, and how: see [`KafkaConfig::new`].
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

/// Publishes to one topic. Connects with the first event, and again whenever the brokers have been lost.
#[derive(Debug)]
pub struct KafkaPublisher {
    config: KafkaConfig,
    /// The topic, once it has been looked up; another cell when it is to be looked up anew.
    topic: Mutex<Arc<OnceCell<Topic>>>,
}

/// A topic as it was when it was looked up.
#[derive(Debug)]
struct Topic {
    client: Client,
    name: String,
    /// In the order of their numbers.
    partitions: Vec<(i32, OnceCell<PartitionClient>)>,
    compression: Compression,
}

impl KafkaPublisher {
    /// Nothing is connected yet.
    pub fn new(config: KafkaConfig) -> Self {
        Self {
            config,
            topic: Mutex::default(),
        }
    }

    fn cell(&self) -> Arc<OnceCell<Topic>> {
        Arc::clone(&self.topic.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks the topic up anew with the next event: its brokers and partitions may be others.
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
        // Whoever comes meanwhile waits for the same.
        let topic = cell.get_or_try_init(|| self.look_up()).await?;
        // rskafka waits for an answer for as long as the connection seems to be there, and the relay would end this before the connection
        // is forgotten.
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

    /// The one that librdkafka would take, which is what today's Lakekeeper publishes with.
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

/// Whether the broker will never take this event.
const fn is_refusal(error: ProtocolError) -> bool {
    matches!(
        error,
        ProtocolError::MessageTooLarge
            | ProtocolError::RecordListTooLarge
            | ProtocolError::InvalidRecord
    )
}

/// As the [Kafka binding](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md) has it, in
/// binary mode.
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
