//! Where events go: from settings to publishers' configurations.

use std::time::Duration;

use secrets::Plaintext;

use super::list;
use super::value::WebhookUrl;
use super::values::Values;

/// Longest time that a webhook may be given: the relay itself gives an event up after half a minute.
const LONGEST_WEBHOOK: Duration = Duration::from_secs(25);

/// Where events go, and how long they are kept.
#[derive(Debug, Clone)]
pub struct Events {
    /// Whether this process brings them to sinks.
    pub relay_enabled: bool,
    /// How long they are kept.
    pub retention: Duration,
    /// How many are kept.
    pub most: u64,
    /// Whether they are logged.
    pub log_enabled: bool,
    /// Where they are sent to by HTTP.
    pub webhook: Option<WebhookSettings>,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where to; may hold secrets.
    pub url: WebhookUrl,
    /// What bodies are signed with.
    pub secret: Option<Plaintext>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often an event is sent that is refused.
    pub attempts: u32,
}

pub(super) fn events(values: &mut Values) -> Events {
    Events {
        relay_enabled: values.get(&list::EVENT_RELAY),
        retention: values.get(&list::EVENT_RETENTION).0,
        most: values.get(&list::EVENT_RETENTION_COUNT).get().into(),
        log_enabled: values.get(&list::LOG_CLOUDEVENTS),
        webhook: webhook(values),
    }
}

fn webhook(values: &mut Values) -> Option<WebhookSettings> {
    let url = values.get(&list::WEBHOOK_URL);
    let secret = values.get(&list::WEBHOOK_SECRET);
    let timeout = values.get(&list::WEBHOOK_TIMEOUT).0;
    let attempts = values.get(&list::WEBHOOK_MAX_ATTEMPTS).get();
    if timeout.is_zero() || timeout > LONGEST_WEBHOOK {
        let most = LONGEST_WEBHOOK.as_secs();
        let rule = format!("must be more than nothing and {most} s at most");
        values.refuse(&list::WEBHOOK_TIMEOUT, rule);
    }
    if url.is_none() && secret.is_some() && !values.is_set(&list::WEBHOOK_URL) {
        let rule = "is set, but LAKEKEEPER__WEBHOOK_URL is not: nothing would be signed with it";
        values.refuse(&list::WEBHOOK_SECRET, rule);
    }
    Some(WebhookSettings {
        url: url?,
        secret,
        timeout,
        attempts,
    })
}
