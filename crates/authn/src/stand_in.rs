//! An identity provider for tests, on a local port: it makes tokens with keys of its own and publishes the public halves.
//! It does as it is told, right or wrong.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up has failed"
)]

mod key;
mod server;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::{Clock as _, SystemClock};
use serde_json::{Value, json};

pub use key::{Kind, SigningKey};
pub use server::{Canned, LocalServer};

/// Whom tokens are meant for, if nothing else is said.
pub const AUDIENCE: &str = "catalog";

/// A provider with a discovery document and a key set.
#[derive(Debug)]
pub struct Idp {
    /// Answers to `GET`.
    pub server: LocalServer,
    key: Arc<SigningKey>,
}

impl Idp {
    /// With one Ed25519 key, `key-1`.
    pub async fn start() -> Self {
        Self::with(Kind::Ed25519).await
    }

    /// With one key of this kind, `key-1`.
    pub async fn with(kind: Kind) -> Self {
        let server = LocalServer::start().await;
        let key = Arc::new(SigningKey::new(kind, "key-1"));
        let idp = Self { server, key };
        idp.publish(&[&idp.key.jwk()]);
        let issuer = idp.issuer();
        let discovery = json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/keys"),
            "token_endpoint": format!("{issuer}/token"),
        });
        let discovery = Canned::json(&discovery);
        idp.server
            .answer("/.well-known/openid-configuration", discovery);
        idp
    }

    /// Its address, which is its issuer.
    pub fn issuer(&self) -> String {
        self.server.url()
    }

    /// The key that it signs with.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Publishes these keys instead.
    pub fn publish(&self, keys: &[&Value]) {
        self.server
            .answer("/keys", Canned::json(&json!({ "keys": keys })));
    }

    /// How often its keys were fetched.
    pub fn fetches(&self) -> usize {
        self.server.calls("/keys")
    }

    /// Good claims for `subject`, for five minutes.
    pub fn claims(&self, subject: &str) -> Value {
        let now = SystemClock.now().as_ms() / 1_000;
        json!({
            "iss": self.issuer(), "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300,
        })
    }

    /// A good token for `subject`.
    pub fn token(&self, subject: &str) -> String {
        self.key.sign(&self.claims(subject))
    }

    /// A good token but for these claims.
    pub fn token_with(&self, subject: &str, others: &Value) -> String {
        let mut claims = self.claims(subject);
        let others = others.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(others);
        self.key.sign(&claims)
    }

    /// Answers the next requests for its keys so late.
    pub fn delay(&self, delay: Duration) {
        self.server.delay(delay);
    }
}

/// Three parts and two dots.
pub(crate) fn encoded(part: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part)
}
