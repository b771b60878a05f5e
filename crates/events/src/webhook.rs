//! Sends events by HTTP: one `POST` each, signed as <https://www.standardwebhooks.com> describes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::Clock;
use outbound::{HttpClient, Limits, Signature, Url, signed};

use crate::{CloudEvent, PublishError, Publisher};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Address of a webhook and how to send to it.
pub struct WebhookConfig {
    /// URL of the receiver. It is never shown, as its query may contain a token.
    pub url: Url,
    /// The key that requests are signed with; `None` sends them unsigned.
    pub signature: Option<Signature>,
    /// How long the receiver may take to answer.
    pub timeout: Duration,
    /// How often an event is sent that the receiver refuses.
    pub attempts: u32,
}

/// Sends each event to a webhook.
pub struct Webhook {
    client: HttpClient,
    config: WebhookConfig,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.config.url.host_str();
        out.debug_struct("Webhook")
            .field("host", &host)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// Creates the publisher. Nothing is sent yet.
    pub fn new(config: WebhookConfig, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let limits = Limits {
            connect: CONNECT_TIMEOUT,
            whole: config.timeout,
            // The body of the answer does not matter and is not read.
            max_answer_bytes: 0,
        };
        let client = HttpClient::new(limits, None).map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            config,
            clock,
        })
    }
}

#[async_trait]
impl Publisher for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn attempts(&self) -> u32 {
        self.config.attempts
    }

    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError> {
        let (body, id) = (event.to_json(), event.id().to_string());
        let request = self.client.post(self.config.url.clone()).header(
            "content-type",
            "application/cloudevents+json; charset=utf-8",
        );
        let (at, by) = (
            (id.as_str(), self.clock.now().as_s()),
            &self.config.signature,
        );
        let request = signed(request, by.as_ref(), at, body.into_bytes());
        match self.client.send(request).await {
            Ok(answer) => judge(answer.status().as_u16()),
            Err(why) => Err(PublishError::Unavailable(why)),
        }
    }
}

/// What a status says about the event. A receiver that is overloaded or away does not refuse the event: it must be
/// sent again.
fn judge(status: u16) -> Result<(), PublishError> {
    let why = format!("the receiver has answered {status}");
    match status {
        200..300 => Ok(()),
        408 | 425 | 429 | 502..=504 => Err(PublishError::Unavailable(why)),
        _ => Err(PublishError::Refused(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_overloaded_receiver_answers_is_not_about_the_event() {
        for status in [200, 202, 204] {
            assert_eq!(judge(status), Ok(()));
        }
        for status in [408, 425, 429, 502, 503, 504] {
            let is_away = matches!(judge(status), Err(PublishError::Unavailable(_)));
            assert!(is_away, "{status}");
        }
        for status in [301, 400, 401, 404, 413, 500] {
            let is_refused = matches!(judge(status), Err(PublishError::Refused(_)));
            assert!(is_refused, "{status}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = WebhookConfig {
            url: Url::parse("https://hooks.example.com/in?token=hunter2").unwrap(),
            signature: Some(Signature::by("hunter3").unwrap()),
            timeout: Duration::from_secs(1),
            attempts: 1,
        };
        let shown = format!("{:?}", config.signature);
        let webhook = Webhook::new(config, Arc::new(model::SystemClock)).unwrap();
        let shown = format!("{webhook:?} {shown}");
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(shown.contains("hooks.example.com"), "{shown}");
    }
}
