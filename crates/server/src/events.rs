//! Creates the configured event publishers.

use std::sync::Arc;

use events::{LogPublisher, Publisher, Webhook, WebhookConfig};
use events_kafka::KafkaPublisher;
use events_nats::{Credentials, Mode, NatsConfig, NatsPublisher};
use model::Clock;
use secrets::Plaintext;
use zeroize::Zeroizing;

use crate::Error;
use crate::config::{Events, NatsLogin, NatsSettings, WebhookSettings};
use crate::logs;

/// The configured publishers. They connect later, so the server starts even if a broker is down.
pub(crate) fn publishers(
    config: &Events,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn Publisher>>, Error> {
    let mut all: Vec<Arc<dyn Publisher>> = Vec::new();
    if config.log_enabled {
        all.push(Arc::new(LogPublisher::new(Arc::new(logs::Stdout))));
    }
    if let Some(webhook) = &config.webhook {
        all.push(Arc::new(by_http(webhook, clock)?));
    }
    if let Some(nats) = &config.nats {
        all.push(Arc::new(by_nats(nats)));
    }
    if let Some(kafka) = &config.kafka {
        all.push(Arc::new(KafkaPublisher::new(kafka.clone())));
    }
    Ok(all)
}

fn by_http(settings: &WebhookSettings, clock: &Arc<dyn Clock>) -> Result<Webhook, Error> {
    let config = WebhookConfig {
        url: settings.url.0.clone(),
        signature: settings.signature.clone(),
        timeout: settings.timeout,
        attempts: settings.attempts,
    };
    Webhook::new(config, Arc::clone(clock)).map_err(Error::Events)
}

fn by_nats(settings: &NatsSettings) -> NatsPublisher {
    let secret = |text: &Plaintext| Zeroizing::new(text.expose().to_owned());
    NatsPublisher::new(NatsConfig {
        servers: settings.servers.0.clone(),
        subject: settings.subject.clone(),
        credentials: match &settings.login {
            NatsLogin::None => Credentials::None,
            NatsLogin::User(user, password) => Credentials::User(user.clone(), secret(password)),
            NatsLogin::Token(token) => Credentials::Token(secret(token)),
            NatsLogin::Credentials(text) => Credentials::File(secret(text)),
        },
        mode: if settings.uses_jetstream {
            Mode::JetStream
        } else {
            Mode::Core
        },
        root_certificates: settings.root_certificates.clone(),
    })
}
