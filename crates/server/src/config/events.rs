//! Sinks of events, from the settings.

use std::path::PathBuf;
use std::time::Duration;

use events_kafka::{KafkaConfig, parse_dictionary};
use outbound::Signature;
use secrets::Plaintext;
use store::OutboxBounds;

use super::list;
use super::value::{ByteCount, NatsServers, WebhookUrl};
use super::values::Values;

/// Longest timeout of a webhook: the relay itself gives up a delivery attempt after half a minute.
const LONGEST_WEBHOOK: Duration = Duration::from_secs(25);

/// Smallest limit on stored events: fewer bytes would not even bridge a short outage of a sink.
const LEAST_SIZE: u64 = 1 << 20;

/// Which sinks events are delivered to, and how long events are kept.
#[derive(Debug, Clone)]
pub struct Events {
    /// Whether this process delivers events to the sinks.
    pub relay_enabled: bool,
    /// How long events are kept.
    pub retention: Duration,
    /// How many events, and how many bytes of them, are kept.
    pub limits: OutboxBounds,
    /// Whether events are written to the log.
    pub log_enabled: bool,
    /// The webhook that events are sent to.
    pub webhook: Option<WebhookSettings>,
    /// The NATS servers that events are published to.
    pub nats: Option<NatsSettings>,
    /// The Kafka topic that events are published to.
    pub kafka: Option<KafkaConfig>,
}

/// How events are published to NATS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsSettings {
    /// The servers.
    pub servers: NatsServers,
    /// The subject that all events are published to.
    pub subject: String,
    /// How this process logs in.
    pub login: NatsLogin,
    /// Whether an event counts as delivered only when a JetStream stream has stored it.
    pub uses_jetstream: bool,
    /// PEM file with the certificate authorities to trust instead of the system's.
    pub root_certificates: Option<PathBuf>,
}

/// How this process logs in to NATS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NatsLogin {
    /// Without credentials.
    None,
    /// With user name and password.
    User(String, Plaintext),
    /// With a token.
    Token(Plaintext),
    /// With the content of a credentials file.
    Credentials(Plaintext),
}

/// How events are sent to a webhook.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// URL of the receiver; may contain secrets.
    pub url: WebhookUrl,
    /// The key that requests are signed with.
    pub signature: Option<Signature>,
    /// How long the receiver may take to answer.
    pub timeout: Duration,
    /// How many times an event is sent that the receiver refuses.
    pub attempts: u32,
}

pub(super) fn events(values: &mut Values) -> Events {
    Events {
        relay_enabled: values.get(&list::EVENT_RELAY),
        retention: values.get(&list::EVENT_RETENTION).0,
        limits: OutboxBounds {
            events: values.get(&list::EVENT_RETENTION_COUNT).get().into(),
            bytes: size(values),
        },
        log_enabled: values.get(&list::LOG_CLOUDEVENTS),
        webhook: webhook(values),
        nats: nats(values),
        kafka: kafka(values),
    }
}

fn size(values: &mut Values) -> u64 {
    let ByteCount(size) = values.get(&list::EVENT_RETENTION_SIZE);
    if size < LEAST_SIZE {
        values.refuse(&list::EVENT_RETENTION_SIZE, "must be at least 1 MiB");
    }
    size
}

fn webhook(values: &mut Values) -> Option<WebhookSettings> {
    let url = values.get(&list::WEBHOOK_URL);
    let signature = values.get(&list::WEBHOOK_SECRET);
    let timeout = values.get(&list::WEBHOOK_TIMEOUT).0;
    let attempts = values.get(&list::WEBHOOK_MAX_ATTEMPTS).get();
    if timeout.is_zero() || timeout > LONGEST_WEBHOOK {
        let most = LONGEST_WEBHOOK.as_secs();
        let rule = format!("must be more than 0 s and at most {most} s");
        values.refuse(&list::WEBHOOK_TIMEOUT, rule);
    }
    if url.is_none() && signature.is_some() && !values.is_set(&list::WEBHOOK_URL) {
        let rule = "is set, but LAKEKEEPER__WEBHOOK_URL is not: nothing would be signed with it";
        values.refuse(&list::WEBHOOK_SECRET, rule);
    }
    Some(WebhookSettings {
        url: url?,
        signature,
        timeout,
        attempts,
    })
}

fn nats(values: &mut Values) -> Option<NatsSettings> {
    let (servers, subject) = (
        values.get(&list::NATS_ADDRESS),
        values.get(&list::NATS_TOPIC),
    );
    let settings = NatsSettings {
        servers: servers.clone().unwrap_or(NatsServers(Vec::new())),
        subject: subject.clone().unwrap_or_default(),
        login: nats_login(values),
        uses_jetstream: values.get(&list::NATS_JETSTREAM),
        root_certificates: values.get(&list::NATS_ROOT_CERT),
    };
    if subject.as_ref().is_some_and(|subject| !is_subject(subject)) {
        let rule = "must be a subject such as `lake.events`, without white space, `*` and `>`";
        values.refuse(&list::NATS_TOPIC, rule);
    }
    match (&servers, &subject) {
        (Some(_), None) => {
            let rule =
                "is not set, but LAKEKEEPER__NATS_ADDRESS is: set it to the subject to publish to";
            values.refuse(&list::NATS_TOPIC, rule);
        }
        (None, Some(_)) if !values.is_set(&list::NATS_ADDRESS) => {
            let rule = "is not set, but LAKEKEEPER__NATS_TOPIC is: no events would be published";
            values.refuse(&list::NATS_ADDRESS, rule);
        }
        _ => {}
    }
    servers.is_some().then_some(settings)
}

fn kafka(values: &mut Values) -> Option<KafkaConfig> {
    let (topic, text) = (
        values.get(&list::KAFKA_TOPIC),
        values.get(&list::KAFKA_CONFIG),
    );
    let (topic, text) = match (topic, text) {
        (Some(topic), Some(text)) => (topic, text),
        (Some(_), None) if !values.is_set(&list::KAFKA_CONFIG) => {
            let rule = "is not set, but LAKEKEEPER__KAFKA_TOPIC is: set it, with the addresses of the brokers";
            values.refuse(&list::KAFKA_CONFIG, rule);
            return None;
        }
        (None, Some(_)) => {
            let rule = "is not set, but LAKEKEEPER__KAFKA_CONFIG is: no events would be published";
            values.refuse(&list::KAFKA_TOPIC, rule);
            return None;
        }
        _ => return None,
    };
    if !is_topic(&topic) {
        let rule = "must be the name of a topic: up to 249 letters, digits, `.`, `_` and `-`";
        values.refuse(&list::KAFKA_TOPIC, rule);
    }
    let settings = match parse_dictionary(text.expose()) {
        Ok(settings) => settings,
        Err(rule) => {
            values.refuse(&list::KAFKA_CONFIG, rule);
            return None;
        }
    };
    match KafkaConfig::new(&topic, settings) {
        Ok(config) => Some(config),
        Err(error) => {
            values.refuse(&list::KAFKA_CONFIG, format!("is wrong: {error}"));
            None
        }
    }
}

/// Whether Kafka accepts this as the name of a topic.
fn is_topic(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=249).contains(&text.len()) && text.bytes().all(is_allowed) && !matches!(text, "." | "..")
}

fn is_subject(text: &str) -> bool {
    let is_token = |token: &str| {
        let is_allowed = |c: char| !c.is_whitespace() && !c.is_control() && !"*>".contains(c);
        !token.is_empty() && token.chars().all(is_allowed)
    };
    text.split('.').all(is_token)
}

fn nats_login(values: &mut Values) -> NatsLogin {
    let user = values.get(&list::NATS_USER);
    let password = values.get(&list::NATS_PASSWORD);
    let token = values.get(&list::NATS_TOKEN);
    let credentials = values.get(&list::NATS_CREDS);
    let ways = [user.is_some(), token.is_some(), credentials.is_some()];
    if ways.iter().filter(|is_set| **is_set).count() > 1 {
        let rule = "only one way to log in may be set: LAKEKEEPER__NATS_USER, LAKEKEEPER__NATS_TOKEN or \
                    LAKEKEEPER__NATS_CREDS_FILE";
        values.refuse(&list::NATS_USER, rule);
    }
    if user.is_some() != password.is_some() {
        let rule = "must be set together with LAKEKEEPER__NATS_USER";
        values.refuse(&list::NATS_PASSWORD, rule);
    }
    match (user.zip(password), token, credentials) {
        (Some((user, password)), _, _) => NatsLogin::User(user, password),
        (None, Some(token), _) => NatsLogin::Token(token),
        (None, None, Some(credentials)) => NatsLogin::Credentials(credentials),
        (None, None, None) => NatsLogin::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_words() {
        let longest = "a".repeat(249);
        for right in ["lake", "lake.events-1_x", &longest] {
            assert!(is_topic(right), "{right}");
        }
        for wrong in ["", ".", "..", "a b", "ä", &format!("{longest}a")] {
            assert!(!is_topic(wrong), "{wrong}");
        }
    }

    #[test]
    fn subjects_are_words_with_dots() {
        for right in ["iceberg", "lake.events", "ä.1-2_3"] {
            assert!(is_subject(right), "{right}");
        }
        for wrong in ["", ".", "a..b", "a.", "a b", "a.*", "a.>"] {
            assert!(!is_subject(wrong), "{wrong}");
        }
    }
}
