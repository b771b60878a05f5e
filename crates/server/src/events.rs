//! Makes the configured publishers of events.

use std::sync::Arc;

use events::{LogPublisher, Publisher, Signature, Webhook, WebhookConfig};
use model::Clock;

use crate::Error;
use crate::config::{Events, WebhookSettings};

/// The configured publishers. None of them is connected yet: a broker that is away keeps nobody from starting.
pub(crate) fn publishers(
    config: &Events,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn Publisher>>, Error> {
    let mut all: Vec<Arc<dyn Publisher>> = Vec::new();
    if config.log_enabled {
        all.push(Arc::new(LogPublisher));
    }
    if let Some(webhook) = &config.webhook {
        all.push(Arc::new(by_http(webhook, clock)?));
    }
    Ok(all)
}

fn by_http(settings: &WebhookSettings, clock: &Arc<dyn Clock>) -> Result<Webhook, Error> {
    let config = WebhookConfig {
        url: settings.url.0.clone(),
        signature: settings
            .secret
            .as_ref()
            .map(|secret| Signature::by(secret.expose())),
        timeout: settings.timeout,
        attempts: settings.attempts,
    };
    Webhook::new(config, Arc::clone(clock)).map_err(|error| Error::Events(error.to_string()))
}
