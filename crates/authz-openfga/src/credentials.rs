//! How the catalog shows OpenFGA who it is.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use serde::Deserialize;
use tokio::sync::Semaphore;
use url::Url;
use zeroize::Zeroizing;

use crate::client::{CallError, DEADLINE};

/// A token is not shown in the last moments of its life.
const MARGIN: Duration = Duration::from_secs(30);

/// No token is shown for longer, whatever its endpoint says.
const LONGEST_LIFE: Duration = Duration::from_hours(12);

/// What a token is good for if its endpoint says nothing.
const SHORT_LIFE: Duration = Duration::from_mins(1);

/// The longest answer of a token endpoint that is read.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps it.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("…")
    }
}

/// What is shown to OpenFGA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    None,
    /// A key that both sides have been told.
    Key(Secret),
    /// A token of an identity provider.
    Client {
        /// Who asks for it.
        id: String,
        /// Its secret.
        secret: Secret,
        /// Where.
        token_endpoint: Url,
        /// For what.
        scope: Option<String>,
    },
}

/// The current token.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<Shared>);

struct Shared {
    credentials: Credentials,
    kept: Mutex<Option<(Secret, Instant)>>,
    /// One asks, the others wait for what it gets.
    asking: Semaphore,
    /// Only where a token endpoint is to be asked.
    http: Option<reqwest::Client>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: Option<u64>,
}

impl Answer {
    fn lifetime(&self) -> Duration {
        let told = self.expires_in.map_or(SHORT_LIFE, Duration::from_secs);
        told.min(LONGEST_LIFE)
    }
}

impl Tokens {
    pub(crate) fn new(credentials: Credentials) -> Result<Self, CallError> {
        let http = match &credentials {
            Credentials::None | Credentials::Key(_) => None,
            Credentials::Client { .. } => {
                // The secret goes to the address that was configured, and nowhere else.
                let client = reqwest::Client::builder().redirect(Policy::none()).build();
                Some(client.map_err(|error| CallError::Token(error.to_string()))?)
            }
        };
        Ok(Self(Arc::new(Shared {
            credentials,
            kept: Mutex::new(None),
            asking: Semaphore::new(1),
            http,
        })))
    }

    /// What to show now.
    pub(crate) async fn current(&self) -> Result<Option<Secret>, CallError> {
        let (id, secret, endpoint, scope, http) = match (&self.0.credentials, &self.0.http) {
            (Credentials::Key(key), _) => return Ok(Some(key.clone())),
            (
                Credentials::Client {
                    id,
                    secret,
                    token_endpoint,
                    scope,
                },
                Some(http),
            ) => (id, secret, token_endpoint, scope, http),
            (Credentials::None | Credentials::Client { .. }, _) => return Ok(None),
        };
        if let Some(token) = self.kept() {
            return Ok(Some(token));
        }
        let closed = |_| CallError::Token("the program is ending".to_owned());
        let _turn = self.0.asking.acquire().await.map_err(closed)?;
        if let Some(token) = self.kept() {
            return Ok(Some(token));
        }
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let request = http.post(endpoint.clone()).timeout(DEADLINE);
        let request = request.basic_auth(id, Some(secret.as_str())).form(&form);
        let (token, lifetime) = ask(request).await.map_err(CallError::Token)?;
        let until = Instant::now() + lifetime.saturating_sub(MARGIN);
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((token.clone(), until));
        Ok(Some(token))
    }

    fn kept(&self) -> Option<Secret> {
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, until) = kept.as_ref()?;
        (Instant::now() < *until).then(|| token.clone())
    }
}

/// The token and how long it is good for. An error says nothing that the endpoint said: it could be anything.
async fn ask(request: reqwest::RequestBuilder) -> Result<(Secret, Duration), String> {
    let told = |error: reqwest::Error| format!("the token endpoint: {}", error.without_url());
    let mut answer = request.send().await.map_err(told)?;
    if !answer.status().is_success() {
        return Err(format!("the token endpoint answered {}", answer.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(format!(
                "the token endpoint answered over {MAX_ANSWER_BYTES} bytes"
            ));
        }
    }
    let answer: Answer = serde_json::from_slice(&body)
        .map_err(|_| "the token endpoint's answer holds no access_token".to_owned())?;
    let lifetime = answer.lifetime();
    Ok((Secret::new(answer.access_token), lifetime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_twelve_hours_at_most() {
        let seconds = |expires_in: &str| {
            let text = format!(r#"{{"access_token":"a"{expires_in}}}"#);
            let answer: Answer = serde_json::from_str(&text).unwrap();
            answer.lifetime().as_secs()
        };
        assert_eq!(seconds(""), 60);
        assert_eq!(seconds(r#","expires_in":300"#), 300);
        assert_eq!(seconds(r#","expires_in":43200"#), 43_200);
        assert_eq!(seconds(r#","expires_in":43201"#), 43_200);
        assert_eq!(seconds(r#","expires_in":18446744073709551615"#), 43_200);
    }
}
