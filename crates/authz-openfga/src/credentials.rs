//! The credentials of calls to OpenFGA: a shared key, or tokens of an identity provider.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use outbound::{Flights, HttpClient, Limits};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use crate::client::{CONNECT, CallError};

/// The limits of a request for a token.
pub(crate) const LIMITS: Limits = Limits {
    connect: CONNECT,
    whole: Duration::from_secs(5),
    max_answer_bytes: 1 << 20,
};

/// How long before it expires a token is no longer used.
const MARGIN: Duration = Duration::from_secs(30);

/// No token is used for longer, whatever lifetime the token endpoint names.
const LONGEST_LIFE: Duration = Duration::from_hours(12);

/// The lifetime of a token whose endpoint does not name one.
const SHORT_LIFE: Duration = Duration::from_mins(1);

/// A text that `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret with this text.
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

/// How calls are authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Calls are not authenticated.
    None,
    /// By a key that OpenFGA is configured with, too.
    Key(Secret),
    /// By a token of an identity provider (OAuth 2.0 client credentials, RFC 6749, section 4.4).
    Client {
        /// The client's id.
        id: String,
        /// The client's secret.
        secret: Secret,
        /// The URL where tokens are requested.
        token_endpoint: Url,
        /// The scope to request.
        scope: Option<String>,
    },
}

/// Provides the bearer token of each call.
#[derive(Clone)]
pub(crate) enum Tokens {
    /// Calls have no token.
    None,
    /// All calls have the same token.
    Key(Secret),
    /// The token is requested, and requested again before it expires.
    Requested(Arc<TokenClient>),
}

/// Requests tokens, one at a time.
pub(crate) struct TokenClient {
    http: HttpClient,
    endpoint: Url,
    id: String,
    secret: Secret,
    form: String,
    kept: Mutex<Option<(Secret, Instant)>>,
    flights: Arc<Flights<(), Result<Secret, String>>>,
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
        let (id, secret, endpoint, scope) = match credentials {
            Credentials::None => return Ok(Self::None),
            Credentials::Key(key) => return Ok(Self::Key(key)),
            Credentials::Client {
                id,
                secret,
                token_endpoint,
                scope,
            } => (id, secret, token_endpoint, scope),
        };
        let http = HttpClient::new(LIMITS, None);
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = scope {
            form.append_pair("scope", &scope);
        }
        Ok(Self::Requested(Arc::new(TokenClient {
            http: http.map_err(|error| CallError::Token(error.to_string()))?,
            endpoint,
            id,
            secret,
            form: form.finish(),
            kept: Mutex::default(),
            flights: Arc::default(),
        })))
    }

    /// The token to call with now, if calls have one.
    pub(crate) async fn current(&self) -> Result<Option<Secret>, CallError> {
        match self {
            Self::None => Ok(None),
            Self::Key(key) => Ok(Some(key.clone())),
            Self::Requested(client) => client.current().await.map(Some).map_err(CallError::Token),
        }
    }
}

impl TokenClient {
    /// The current token, or a new one. Calls that need a new one wait for the same request, and share its failure, too.
    async fn current(self: &Arc<Self>) -> Result<Secret, String> {
        if let Some(token) = self.kept() {
            return Ok(token);
        }
        let client = Arc::clone(self);
        let request = || async move { client.request().await };
        let answer = self.flights.get((), || self.kept().map(Ok), request);
        let panicked = || Err("the request to the token endpoint panicked".to_owned());
        answer.await.unwrap_or_else(panicked)
    }

    fn kept(&self) -> Option<Secret> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, until) = kept.as_ref()?;
        (Instant::now() < *until).then(|| token.clone())
    }

    /// Requests a new token. Errors contain nothing of the endpoint's answer, which could hold anything.
    async fn request(&self) -> Result<Secret, String> {
        let request = self.http.post(self.endpoint.clone());
        let request = request
            .basic_auth(&self.id, Some(self.secret.as_str()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(self.form.clone());
        let answer = self.http.ask(request).await;
        let (status, body) = answer.map_err(|error| format!("the token endpoint: {error}"))?;
        if !(200..300).contains(&status) {
            return Err(format!("the token endpoint answered {status}"));
        }
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| "the token endpoint's answer holds no access_token".to_owned())?;
        let until = Instant::now() + answer.lifetime().saturating_sub(MARGIN);
        let token = Secret::new(answer.access_token);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((token.clone(), until));
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Starts a token endpoint that refuses each request after a moment. Its URL, and the number of refused requests.
    async fn refusing() -> (Url, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let refused = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&refused);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
                count.fetch_add(1, Ordering::SeqCst);
                let answer =
                    b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(answer).await.unwrap();
            }
        });
        (url.parse().unwrap(), refused)
    }

    #[tokio::test]
    async fn a_failed_request_for_a_token_fails_all_calls_that_wait_for_it() {
        let (token_endpoint, refused) = refusing().await;
        let tokens = Tokens::new(Credentials::Client {
            id: "lakekeeper".to_owned(),
            secret: Secret::new("hunter2".to_owned()),
            token_endpoint,
            scope: None,
        })
        .unwrap();
        let all = join_all((0..20).map(|_| tokens.current())).await;
        for one in all {
            let error = one.unwrap_err().to_string();
            assert_eq!(
                error,
                "no token for OpenFGA: the token endpoint answered 401"
            );
        }
        assert_eq!(refused.load(Ordering::SeqCst), 1);
    }

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
