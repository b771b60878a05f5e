//! An identity provider for tests, on a local port: it signs tokens with keys of its own and publishes their public halves.
//! It signs and answers whatever a test demands, right or wrong.

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

/// The audience of tokens, unless the test sets another one.
pub const AUDIENCE: &str = "catalog";

/// A provider with a discovery document and a key set.
#[derive(Debug)]
pub struct Idp {
    /// Serves the discovery document and the key set.
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

    /// The provider's address, which is also its issuer.
    pub fn issuer(&self) -> String {
        self.server.url()
    }

    /// The key that the provider signs with.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Publishes these keys instead of those that it published before.
    pub fn publish(&self, keys: &[&Value]) {
        self.server
            .answer("/keys", Canned::json(&json!({ "keys": keys })));
    }

    /// How often the key set was fetched.
    pub fn fetches(&self) -> usize {
        self.server.calls("/keys")
    }

    /// Valid claims for `subject`, which expire in five minutes.
    pub fn claims(&self, subject: &str) -> Value {
        let now = SystemClock.now().as_ms() / 1_000;
        json!({
            "iss": self.issuer(), "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300,
        })
    }

    /// A valid token for `subject`.
    pub fn token(&self, subject: &str) -> String {
        self.key.sign(&self.claims(subject))
    }

    /// A token for `subject` whose claims are valid, except that `others` are added or replace them.
    pub fn token_with(&self, subject: &str, others: &Value) -> String {
        let mut claims = self.claims(subject);
        let others = others.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(others);
        self.key.sign(&claims)
    }

    /// Delays every answer from now on by this.
    pub fn delay(&self, delay: Duration) {
        self.server.delay(delay);
    }
}

/// Encodes one part of a token (base64url without padding).
pub(crate) fn encoded(part: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part)
}
