//! Events by HTTP: one `POST` each, signed, as <https://www.standardwebhooks.com> describes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{Clock, Timestamp};
use reqwest::{StatusCode, redirect};
use ring::hmac;
use url::Url;
use zeroize::Zeroizing;

use crate::{CloudEvent, PublishError, Publisher};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where to, and how.
pub struct WebhookConfig {
    /// Where to. Its query may hold a token: it is never shown.
    pub url: Url,
    /// What bodies are signed with, if they are.
    pub signature: Option<Signature>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often an event is sent that the receiver refuses.
    pub attempts: u32,
}

/// Sends each event to an address.
pub struct Webhook {
    client: reqwest::Client,
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
    /// Nothing is sent yet.
    pub fn new(config: WebhookConfig, clock: Arc<dyn Clock>) -> reqwest::Result<Self> {
        // `reqwest` takes the provider of the process; a second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("lakekeeper/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(config.timeout)
            // Whoever gets events is whom the operator has named.
            .redirect(redirect::Policy::none())
            .build()?;
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
        let (body, id, now) = (event.to_json(), event.id().to_string(), self.clock.now());
        let mut request = self
            .client
            .post(self.config.url.clone())
            .header(
                "content-type",
                "application/cloudevents+json; charset=utf-8",
            )
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds(now));
        if let Some(signature) = &self.config.signature {
            request = request.header("webhook-signature", signature.of(&id, now, &body));
        }
        match request.body(body).send().await {
            Ok(answer) => judge(answer.status()),
            // The address may hold secrets.
            Err(error) => {
                let error = error.without_url();
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let why = cause.unwrap_or_else(|| error.to_string());
                Err(PublishError::Unavailable(why))
            }
        }
    }
}

/// What the receiver means. What it answers when it is overloaded or away says nothing about the event.
fn judge(status: StatusCode) -> Result<(), PublishError> {
    let why = format!("the receiver has answered {status}");
    match status.as_u16() {
        200..300 => Ok(()),
        408 | 425 | 429 | 502..=504 => Err(PublishError::Unavailable(why)),
        _ => Err(PublishError::Refused(why)),
    }
}

/// Signs with HMAC-SHA-256.
pub struct Signature(hmac::Key);

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[redacted]")
    }
}

impl Signature {
    /// By a secret: `whsec_` and bytes in base64, or any other text, whose bytes are the key.
    pub fn by(secret: &str) -> Self {
        let encoded = secret.strip_prefix("whsec_");
        let decoded = encoded.and_then(|text| STANDARD.decode(text).ok());
        let key = Zeroizing::new(decoded.unwrap_or_else(|| secret.as_bytes().to_vec()));
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The value of the header `webhook-signature`.
    fn of(&self, id: &str, at: Timestamp, body: &str) -> String {
        let signed = format!("{id}.{}.{body}", seconds(at));
        let tag = hmac::sign(&self.0, signed.as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

fn seconds(at: Timestamp) -> i64 {
    at.as_ms().div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let signature = Signature::by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let at = Timestamp::from_ms(1_614_265_330_000);
        let signed = signature.of(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_an_overloaded_receiver_answers_is_not_about_the_event() {
        let judged = |status: u16| judge(StatusCode::from_u16(status).unwrap());
        for status in [200, 202, 204] {
            assert_eq!(judged(status), Ok(()));
        }
        for status in [408, 425, 429, 502, 503, 504] {
            let is_away = matches!(judged(status), Err(PublishError::Unavailable(_)));
            assert!(is_away, "{status}");
        }
        for status in [301, 400, 401, 404, 413, 500] {
            let is_refused = matches!(judged(status), Err(PublishError::Refused(_)));
            assert!(is_refused, "{status}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = WebhookConfig {
            url: Url::parse("https://hooks.example.com/in?token=hunter2").unwrap(),
            signature: Some(Signature::by("hunter3")),
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
