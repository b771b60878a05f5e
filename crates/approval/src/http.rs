//! A verifier that asks an HTTP service: one `POST` for each proposal.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::Clock;
use outbound::{Certificate, HttpClient, Limits, Signature, Url, signed};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{ContractVerification, Denial, Proposal, Refusal, Unavailable, Verdict};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Enough for a reason of 4 KiB, however it is escaped.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// What happens to a change if the service does not answer, or its answer is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailurePolicy {
    /// The change is refused for now.
    Closed,
    /// The change is allowed.
    Open,
}

/// The address of the service, and the limits of its calls.
pub struct HttpVerifierConfig {
    /// The name of the verifier in errors, logs and metrics.
    pub name: String,
    /// The service's URL. Its query may hold a token, so it is never logged.
    pub url: Url,
    /// Additional headers of each request; their values are never logged.
    pub headers: HeaderMap,
    /// Signs the requests; `None` leaves them unsigned.
    pub signature: Option<Signature>,
    /// Certificate authorities to trust instead of the system's.
    pub roots: Option<Vec<Certificate>>,
    /// How long a verdict may take, including the wait for one of the `max_concurrent` calls.
    pub timeout: Duration,
    /// What happens to a change without a verdict.
    pub on_failure: FailurePolicy,
    /// Most proposals that are verified at the same time; others wait.
    pub max_concurrent: usize,
    /// Largest proposal in bytes of JSON. A larger one is denied, because the service cannot look at it.
    pub max_request_bytes: usize,
}

/// Verifies changes by asking a service.
pub struct HttpVerifier {
    client: HttpClient,
    turns: Semaphore,
    config: HttpVerifierConfig,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for HttpVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpVerifier")
            .field("name", &self.config.name)
            .field("host", &self.config.url.host_str())
            .finish_non_exhaustive()
    }
}

/// The service's answer.
#[derive(Debug, Deserialize)]
#[serde(tag = "decision", rename_all = "lowercase")]
enum Answer {
    Allow {},
    Deny {
        #[serde(default)]
        reason: String,
        #[serde(default)]
        status: Option<u16>,
    },
}

impl HttpVerifier {
    /// A verifier for the service; no request is sent yet.
    pub fn new(mut config: HttpVerifierConfig, clock: Arc<dyn Clock>) -> reqwest::Result<Self> {
        let limits = Limits {
            connect: CONNECT_TIMEOUT.min(config.timeout),
            whole: config.timeout,
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        let client = HttpClient::new(limits, config.roots.take())?;
        for value in config.headers.values_mut() {
            value.set_sensitive(true);
        }
        let json = HeaderValue::from_static("application/json");
        config.headers.insert(CONTENT_TYPE, json);
        Ok(Self {
            client,
            turns: Semaphore::new(config.max_concurrent),
            config,
            clock,
        })
    }

    async fn ask(&self, proposal: &Proposal) -> Result<Verdict, String> {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        let max = self.config.max_request_bytes;
        let Some(body) = print(proposal, max)? else {
            return Ok(Verdict::Deny(Denial::new(
                Refusal::Forbidden,
                &format!(
                    "it takes more than {max} bytes to show the change, and nobody may look at more; make a smaller one, or raise MAX_REQUEST_SIZE of the verifier"
                ),
            )));
        };
        let request = self.client.post(self.config.url.clone());
        let request = request.headers(self.config.headers.clone());
        let id = Uuid::now_v7().to_string();
        let signature = self.config.signature.as_ref();
        let request = signed(request, signature, (&id, self.clock.now().as_s()), body);
        match self.client.ask(request).await? {
            (200, answer) => understand(&answer),
            (300..=399, _) => Err("it redirects elsewhere".to_owned()),
            (status, _) => Err(format!("it answers {status}")),
        }
    }
}

#[async_trait]
impl ContractVerification for HttpVerifier {
    fn name(&self) -> &str {
        &self.config.name
    }

    async fn verify(&self, proposal: &Proposal) -> Result<Verdict, Unavailable> {
        let asked = timeout(self.config.timeout, self.ask(proposal)).await;
        let why = match asked {
            Ok(Ok(verdict)) => return Ok(verdict),
            Ok(Err(why)) => why,
            Err(_) => format!("no answer within {:?}", self.config.timeout),
        };
        match self.config.on_failure {
            FailurePolicy::Closed => Err(Unavailable(why)),
            FailurePolicy::Open => {
                let (verifier, request_id) = (&self.config.name, proposal.request_id.as_str());
                tracing::warn!(
                    verifier,
                    request_id,
                    why,
                    "a change passes without a verdict"
                );
                let labels = [("verifier", verifier.clone())];
                metrics::counter!("lakekeeper_contract_verification_skipped_total", &labels)
                    .increment(1);
                Ok(Verdict::Allow)
            }
        }
    }
}

fn understand(answer: &[u8]) -> Result<Verdict, String> {
    let answer = serde_json::from_slice(answer);
    let answer = answer.map_err(|error| format!("its answer is no decision: {error}"))?;
    let (reason, status) = match answer {
        Answer::Allow {} => return Ok(Verdict::Allow),
        Answer::Deny { reason, status } => (reason, status),
    };
    let refusal = match status {
        None | Some(403) => Refusal::Forbidden,
        Some(409) => Refusal::Conflict,
        Some(other) => return Err(format!("it denies with {other} instead of 403 or 409")),
    };
    Ok(Verdict::Deny(Denial::new(refusal, &reason)))
}

/// The proposal as JSON; `None` if it has more than `max` bytes.
fn print(proposal: &Proposal, max: usize) -> Result<Option<Vec<u8>>, String> {
    let mut into = Bounded {
        bytes: Vec::new(),
        left: max,
    };
    match serde_json::to_writer(&mut into, proposal) {
        Ok(()) => Ok(Some(into.bytes)),
        Err(error) if error.is_io() => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// A writer that fails beyond a number of bytes.
struct Bounded {
    bytes: Vec<u8>,
    left: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left.checked_sub(bytes.len());
        self.left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn what_is_no_decision_is_none() {
        for garbage in [
            "",
            "null",
            "{}",
            "[]",
            "allow",
            r#"{"decision":"maybe"}"#,
            r#"{"decision":true}"#,
            r#"{"decision":"deny","status":200}"#,
            r#"{"decision":"deny","reason":7}"#,
            r#"{"decision":"allow"}{}"#,
        ] {
            assert!(understand(garbage.as_bytes()).is_err(), "{garbage}");
        }
    }

    #[test]
    fn a_decision_may_say_more_than_is_asked() {
        let allowed = understand(br#"{"decision":"allow","by":"someone"}"#);
        assert_eq!(allowed, Ok(Verdict::Allow));
        for (answer, refusal, reason) in [
            (
                r#"{"decision":"deny"}"#,
                Refusal::Forbidden,
                "it gives no reason",
            ),
            (
                r#"{"decision":"deny","status":409,"reason":"a"}"#,
                Refusal::Conflict,
                "a",
            ),
            (
                r#"{"reason":"b","status":403,"decision":"deny"}"#,
                Refusal::Forbidden,
                "b",
            ),
        ] {
            let denied = Verdict::Deny(Denial::new(refusal, reason));
            assert_eq!(understand(answer.as_bytes()), Ok(denied), "{answer}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter2"));
        let config = HttpVerifierConfig {
            name: "contracts".to_owned(),
            url: Url::parse("https://contracts.example.com/?token=hunter2").unwrap(),
            headers,
            signature: Some(Signature::by("hunter2").unwrap()),
            roots: None,
            timeout: Duration::from_secs(1),
            on_failure: FailurePolicy::Closed,
            max_concurrent: 1,
            max_request_bytes: 1,
        };
        let verifier = HttpVerifier::new(config, Arc::new(model::SystemClock));
        let shown = format!("{:?}", verifier.unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("contracts.example.com"), "{shown}");
    }
}
