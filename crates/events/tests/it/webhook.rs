//! Webhooks: the conformance suite, signatures, and the meaning of the receiver's answers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use events::conformance::{Receiver, Subject, check, sample};
use events::{PublishError, Publisher, Webhook, WebhookConfig};
use model::SystemClock;
use outbound::Signature;
use ring::hmac;
use serde_json::{Value, json};
use uuid::Uuid;

const SECRET: &str = "a secret of the tests";

fn webhook(url: &str) -> Arc<dyn Publisher> {
    let config = WebhookConfig {
        url: url.parse().unwrap(),
        signature: Some(Signature::by(SECRET).unwrap()),
        timeout: Duration::from_secs(25),
        attempts: 3,
    };
    Arc::new(Webhook::new(config, Arc::new(SystemClock)).unwrap())
}

struct Hook(Receiver);

#[async_trait]
impl Subject for Hook {
    fn publisher(&self) -> Arc<dyn Publisher> {
        webhook(&format!("{}?token={SECRET}", self.0.address))
    }

    fn unreachable(&self) -> Arc<dyn Publisher> {
        // Nothing listens on port 1, which only root may use.
        webhook(&format!("http://127.0.0.1:1/?token={SECRET}"))
    }

    async fn arrived(&self, _: usize) -> Vec<Value> {
        let got = self.0.take().into_iter();
        got.map(|one| serde_json::from_str(&one.body).unwrap())
            .collect()
    }

    fn secret(&self) -> Option<&str> {
        Some(SECRET)
    }
}

#[tokio::test]
async fn it_is_a_publisher() {
    check(&Hook(Receiver::start().await)).await;
}

#[tokio::test]
async fn each_request_is_signed() {
    let receiver = Receiver::start().await;
    let event = sample(1, Uuid::new_v4(), &json!({ "name": "t" }));
    webhook(&receiver.address).publish(&event).await.unwrap();
    let [got] = receiver.take().try_into().unwrap();
    let header = |name: &str| got.headers[name].as_str();
    assert_eq!(header("webhook-id"), event.id().to_string());
    assert_eq!(
        header("content-type"),
        "application/cloudevents+json; charset=utf-8"
    );
    let signed = format!(
        "{}.{}.{}",
        header("webhook-id"),
        header("webhook-timestamp"),
        got.body
    );
    let tag = header("webhook-signature").strip_prefix("v1,").unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    hmac::verify(&key, signed.as_bytes(), &STANDARD.decode(tag).unwrap()).unwrap();
}

#[tokio::test]
async fn what_the_receiver_answers_decides() {
    let receiver = Receiver::start().await;
    let (webhook, event) = (
        webhook(&receiver.address),
        sample(1, Uuid::new_v4(), &json!({})),
    );
    receiver.answer(503);
    let failed = webhook.publish(&event).await;
    assert!(matches!(failed, Err(PublishError::Unavailable(_))));
    // Redirections are not followed.
    for status in [302, 422] {
        receiver.answer(status);
        let failed = webhook.publish(&event).await;
        let is_told = |why: &str| why.contains(&status.to_string());
        assert!(matches!(failed, Err(PublishError::Refused(why)) if is_told(&why)));
    }
    assert_eq!(receiver.take().len(), 3);
}
