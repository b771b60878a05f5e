//! Publishes events to [NATS](https://nats.io): one message per event, in the JSON format of CloudEvents.
//!
//! With `JetStream`, an event counts as published when the stream has stored it, and the stream drops repetitions
//! within its deduplication window by the event's id. Core NATS neither acknowledges nor stores messages: those that
//! are being sent when a connection breaks may be lost, and a subscriber that is not connected misses them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::client::PublishErrorKind;
use async_nats::connection::State;
use async_nats::jetstream::{self, ErrorCode, context, message::PublishMessage};
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use async_trait::async_trait;
use events::{CloudEvent, PublishError, Publisher};
use tokio::sync::OnceCell;
use url::Url;
use zeroize::Zeroizing;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a stream may take to store an event.
const ACK_TIMEOUT: Duration = Duration::from_secs(10);

/// How this process logs in to the servers.
pub enum Credentials {
    /// Without credentials.
    None,
    /// With user name and password.
    User(String, Zeroizing<String>),
    /// With a token.
    Token(Zeroizing<String>),
    /// With the content of a credentials file: a JWT and the seed of its key.
    File(Zeroizing<String>),
}

/// Whether published messages are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are not stored: only current subscribers get them.
    Core,
    /// A `JetStream` stream stores them.
    JetStream,
}

/// Servers, subject and login.
pub struct NatsConfig {
    /// URLs of the servers: `nats://host:4222`, or `tls://…`.
    pub servers: Vec<Url>,
    /// The subject that all events are published to.
    pub subject: String,
    /// How this process logs in to the servers.
    pub credentials: Credentials,
    /// Whether an event must be stored by a stream.
    pub mode: Mode,
    /// PEM file with the certificate authorities to trust instead of the system's.
    pub root_certificates: Option<PathBuf>,
}

/// Publishes to one subject. Connects with the first event; the client then restores lost connections itself.
pub struct NatsPublisher {
    config: NatsConfig,
    connection: OnceCell<Connection>,
}

struct Connection {
    client: Client,
    stream: context::Context,
}

impl fmt::Debug for NatsPublisher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("NatsPublisher")
            .field("subject", &self.config.subject)
            .field("mode", &self.config.mode)
            .finish_non_exhaustive()
    }
}

impl NatsPublisher {
    /// Creates the publisher. Nothing is connected yet.
    pub fn new(config: NatsConfig) -> Self {
        // Connections use the TLS provider of the process. If one is installed already, this has no effect.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            config,
            connection: OnceCell::new(),
        }
    }

    async fn connect(&self) -> Result<Connection, PublishError> {
        let config = &self.config;
        let options = ConnectOptions::new()
            .name(concat!("lakekeeper/", env!("CARGO_PKG_VERSION")))
            .connection_timeout(CONNECT_TIMEOUT)
            .event_callback(|event| async move {
                match event {
                    Event::ServerError(_) | Event::ClientError(_) | Event::Disconnected => {
                        tracing::warn!(%event, "NATS");
                    }
                    _ => tracing::debug!(%event, "NATS"),
                }
            });
        let options = match &config.root_certificates {
            Some(path) => options.add_root_certificates(path.clone()),
            None => options,
        };
        let options = match &config.credentials {
            Credentials::None => options,
            Credentials::User(user, password) => {
                options.user_and_password(user.clone(), password.to_string())
            }
            Credentials::Token(token) => options.token(token.to_string()),
            Credentials::File(text) => {
                let refused = |_| unavailable("the credentials file holds no JWT and seed");
                options.credentials(text).map_err(refused)?
            }
        };
        let servers = config.servers.iter().cloned().map(ServerAddr::from_url);
        let servers: Vec<_> = servers.collect::<Result<_, _>>().map_err(unavailable)?;
        let client = options.connect(servers).await;
        let client = client.map_err(|error| unavailable(error.kind()))?;
        let mut stream = jetstream::new(client.clone());
        stream.set_timeout(ACK_TIMEOUT);
        Ok(Connection { client, stream })
    }
}

#[async_trait]
impl Publisher for NatsPublisher {
    fn name(&self) -> &'static str {
        "nats"
    }

    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError> {
        let connection = self.connection.get_or_try_init(|| self.connect()).await?;
        // Without this check the client would buffer the message and send it later. Retrying is left to the relay,
        // which keeps events in the database.
        if connection.client.connection_state() != State::Connected {
            return Err(unavailable("the connection is lost; it is being restored"));
        }
        match self.config.mode {
            Mode::Core => connection.send(&self.config.subject, event).await,
            Mode::JetStream => connection.store(&self.config.subject, event).await,
        }
    }
}

impl Connection {
    async fn send(&self, subject: &str, event: &CloudEvent) -> Result<(), PublishError> {
        let sent = self
            .client
            .publish(subject.to_owned(), event.to_json().into())
            .await;
        sent.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => PublishError::Refused(error.to_string()),
            _ => unavailable(error),
        })?;
        self.client.flush().await.map_err(unavailable)
    }

    async fn store(&self, subject: &str, event: &CloudEvent) -> Result<(), PublishError> {
        let message = PublishMessage::build()
            .payload(event.to_json().into())
            .message_id(event.id().to_string());
        let sent = self.stream.send_publish(subject.to_owned(), message).await;
        match sent {
            Ok(acknowledged) => acknowledged.await.map(drop).map_err(not_stored),
            Err(error) => Err(not_stored(error)),
        }
    }
}

fn not_stored(error: context::PublishError) -> PublishError {
    use std::error::Error;
    let answer = error
        .source()
        .and_then(|source| source.downcast_ref::<jetstream::Error>());
    let too_large = ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM;
    let is_too_large = answer.is_some_and(|answer| answer.error_code() == too_large);
    match error.kind() {
        context::PublishErrorKind::MaxPayloadExceeded => PublishError::Refused(error.to_string()),
        _ if is_too_large => PublishError::Refused(error.to_string()),
        context::PublishErrorKind::StreamNotFound => {
            unavailable("no stream of JetStream has the subject: create one that does")
        }
        _ => unavailable(error),
    }
}

fn unavailable(why: impl fmt::Display) -> PublishError {
    PublishError::Unavailable(why.to_string())
}
