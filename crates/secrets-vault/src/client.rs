//! Requests to Vault, bounded in time, attempts and bytes. Redirections are not followed.

use std::time::Duration;

use outbound::{HttpClient, Limits, RequestBuilder, Url, read_roots};
use reqwest::Method;
use reqwest::header::HeaderValue;
use secrets::Plaintext;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

use crate::{Result, VaultConfig, VaultError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time limit of one attempt, including its answer.
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_ATTEMPTS: u32 = 3;
/// Longest time after the start of the first attempt at which another attempt may start.
const LAST_START: Duration = Duration::from_secs(8);
/// Longest pause before the second attempt; doubled before the third. The actual pause is a random part of it, at
/// least half.
const PAUSE: Duration = Duration::from_millis(200);
const MAX_ANSWER_BYTES: usize = 1 << 20;
const MAX_SAID_CHARS: usize = 300;

/// One request. `path` is relative to `/v1`; its segments are not percent-encoded yet.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) path: Vec<&'a str>,
    pub(crate) body: Option<&'a Value>,
    pub(crate) in_namespace: InNamespace,
}

/// Whether the request is sent with the configured namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InNamespace {
    Yes,
    /// The request is about the server as a whole.
    No,
}

impl<'a> Call<'a> {
    pub(crate) fn get(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::GET, path, None)
    }

    pub(crate) fn post(path: impl IntoIterator<Item = &'a str>, body: &'a Value) -> Self {
        Self::new(Method::POST, path, Some(body))
    }

    pub(crate) fn delete(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::DELETE, path, None)
    }

    fn new(
        method: Method,
        path: impl IntoIterator<Item = &'a str>,
        body: Option<&'a Value>,
    ) -> Self {
        Self {
            method,
            // A mount path may have several segments.
            path: path.into_iter().flat_map(|part| part.split('/')).collect(),
            body,
            in_namespace: InNamespace::Yes,
        }
    }

    /// The path as messages show it.
    pub(crate) fn told_path(&self) -> String {
        self.path.join("/")
    }
}

/// An answer of Vault.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Zeroizing<Vec<u8>>,
    /// How many attempts it took to get this answer.
    pub(crate) attempts: u32,
}

#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    errors: Vec<String>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The error messages in the answer, in one line; empty if there are none.
    pub(crate) fn said(&self) -> String {
        let refusal: Refusal = serde_json::from_slice(&self.body).unwrap_or_default();
        let said = refusal.errors.join("; ");
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        words.chars().take(MAX_SAID_CHARS).collect()
    }

    /// Parses the body. The parser's message is dropped, as it could quote a secret.
    pub(crate) fn read<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|_| {
            self.unexpected(call, "its body is not what the documentation of Vault says")
        })
    }

    pub(crate) fn unexpected(&self, call: &Call<'_>, otherwise: &str) -> VaultError {
        let said = self.said();
        VaultError::Unexpected {
            method: call.method.to_string(),
            path: call.told_path(),
            status: self.status,
            said: if said.is_empty() {
                otherwise.to_owned()
            } else {
                said
            },
        }
    }

    /// The error, if this answer means that the request should be tried again later.
    fn unavailable(&self) -> Option<VaultError> {
        let said = self.said();
        match self.status {
            503 if said.contains("sealed") => Some(VaultError::Sealed),
            // 412: the replica has not caught up with a previous write; 472 and 473: the replica does not serve this
            // request.
            412 | 429 | 472 | 473 | 500.. => {
                let status = self.status;
                Some(VaultError::Unavailable(match said.as_str() {
                    "" => format!("it answers {status}"),
                    said => format!("it answers {status}: {said}"),
                }))
            }
            _ => None,
        }
    }
}

/// A client of one Vault.
#[derive(Debug)]
pub(crate) struct Client {
    http: HttpClient,
    base: Url,
    namespace: Option<HeaderValue>,
}

impl Client {
    pub(crate) fn new(config: &VaultConfig) -> Result<Self> {
        let limits = Limits {
            connect: CONNECT_TIMEOUT,
            whole: TIMEOUT,
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        let roots = config.ca_file.as_deref().map(read_roots).transpose();
        let roots = roots.map_err(|error| VaultError::Connections(error.to_string()))?;
        let refused = |error: reqwest::Error| VaultError::Connections(error.to_string());
        let namespace = config.namespace.as_deref().map(HeaderValue::from_str);
        let not_a_header = |_| VaultError::Connections("the namespace is not a header".to_owned());
        Ok(Self {
            http: HttpClient::new(limits, roots).map_err(refused)?,
            base: config.url.clone(),
            namespace: namespace.transpose().map_err(not_a_header)?,
        })
    }

    /// Sends the request until the answer is not one that asks to try again later, or the limits on attempts and time
    /// are reached.
    pub(crate) async fn ask(&self, call: &Call<'_>, token: Option<&Plaintext>) -> Result<Answer> {
        let start = Instant::now();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let failure = match self.attempt(self.request(call, token)?).await {
                Ok(mut answer) => match answer.unavailable() {
                    None => {
                        answer.attempts = attempts;
                        return Ok(answer);
                    }
                    Some(failure) => failure,
                },
                Err(failure) => failure,
            };
            let pause = PAUSE * (1 << (attempts - 1));
            let pause = pause.mul_f64(0.5 + rand::random::<f64>() / 2.0);
            if attempts >= MAX_ATTEMPTS || start.elapsed() + pause >= LAST_START {
                return Err(failure);
            }
            tracing::debug!(error = %failure, attempts, "asking Vault again");
            sleep(pause).await;
        }
    }

    /// Sends the request once and returns any answer.
    pub(crate) async fn ask_once(&self, call: &Call<'_>) -> Result<Answer> {
        self.attempt(self.request(call, None)?).await
    }

    fn request(&self, call: &Call<'_>, token: Option<&Plaintext>) -> Result<RequestBuilder> {
        let mut url = self.base.clone();
        let no_base = |()| VaultError::Connections(format!("`{}` has no host", self.base));
        let mut segments = url.path_segments_mut().map_err(no_base)?;
        segments.pop_if_empty().push("v1").extend(&call.path);
        drop(segments);
        // A Vault agent may require this header: it protects against server-side request forgery, where an attacker
        // controls the URL but cannot add headers.
        let request = self.http.request(call.method.clone(), url);
        let mut request = request.header("x-vault-request", "true");
        if let Some(namespace) = &self.namespace
            && call.in_namespace == InNamespace::Yes
        {
            request = request.header("x-vault-namespace", namespace);
        }
        if let Some(token) = token {
            let header = HeaderValue::from_str(token.expose());
            let mut header = header.map_err(|_| VaultError::LoginRefused {
                method: "token",
                status: 0,
                said: "the token has characters that no token has".to_owned(),
            })?;
            header.set_sensitive(true);
            request = request.header("x-vault-token", header);
        }
        if let Some(body) = call.body {
            request = request.json(body);
        }
        Ok(request)
    }

    async fn attempt(&self, request: RequestBuilder) -> Result<Answer> {
        let answered = self.http.ask(request).await;
        let (status, body) = answered.map_err(VaultError::Unavailable)?;
        Ok(Answer {
            status,
            body: body.into(),
            attempts: 1,
        })
    }
}
