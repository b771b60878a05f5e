//! A gate that asks a service about each caller.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use authn::BearerToken;
use model::RoleIdent;
use outbound::{Certificate, HttpClient, Limits, RequestBuilder, Url};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::decisions::{Decision, Decisions, Verdict};
use crate::{Admission, AdmissionGate, Applicant, BodyTemplate, Rejection};

const DURATION: &str = "lakekeeper_admission_enforce_call_duration_seconds";
/// The status of the answer is the decision; its body is not read.
const MAX_ANSWER_BYTES: usize = 0;
/// Questions that are asked concurrently; others wait, within their timeout.
const PARALLEL: usize = 64;

/// Whether the caller's token is sent to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRelay {
    /// It is not sent.
    Withheld,
    /// It is sent as `Authorization: Bearer`.
    Forwarded,
}

/// What it means if the service denies a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckKind {
    /// The request is rejected.
    Gating,
    /// The check's role is not granted, and the request goes on.
    RoleGranting,
}

/// A question about a caller, and the consequence of its answer.
#[derive(Debug, Clone)]
pub struct Check {
    /// The name of the check in logs and metrics.
    pub name: String,
    /// What a denial means.
    pub kind: CheckKind,
    /// The body that the service is sent.
    pub body: BodyTemplate,
    /// The role that callers get if the service allows the check.
    pub role: RoleIdent,
}

/// The address of the service, and the checks.
#[derive(Debug)]
pub struct EnforceConfig {
    /// The service's URL. Its query may hold a token, so it is never logged.
    pub endpoint: Url,
    /// The identity provider whose callers are checked. Callers of other providers pass.
    pub idp_id: String,
    /// The checks, at least one.
    pub checks: Vec<Check>,
    /// Additional headers of each request.
    pub headers: HeaderMap,
    /// Whether the caller's token is sent to the service.
    pub relay: TokenRelay,
    /// Certificate authorities to trust instead of the system's.
    pub roots: Option<Vec<Certificate>>,
    /// How long a decision is cached.
    pub cache_life: Duration,
    /// Most decisions that are cached.
    pub cache_entries: usize,
    /// How long one answer may take, including the wait for a free call.
    pub timeout: Duration,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long rejected callers are told to wait if the service gave no answer.
    pub retry_after: Duration,
}

/// A gate that asks a service about each caller.
#[derive(Debug)]
pub struct EnforceGate {
    idp_id: String,
    checks: Vec<Arc<Check>>,
    retry_after: Duration,
    decisions: Arc<Decisions>,
    service: Arc<Service>,
}

impl EnforceGate {
    /// A gate for this service; no request is sent yet.
    pub fn new(config: EnforceConfig) -> reqwest::Result<Self> {
        let limits = Limits {
            connect: config.connect_timeout,
            whole: config.timeout,
            max_answer_bytes: MAX_ANSWER_BYTES,
        };
        let mut headers = config.headers;
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
        for value in headers.values_mut() {
            value.set_sensitive(true);
        }
        // Gating checks come first, so that a rejected caller costs no role checks.
        let mut checks: Vec<_> = config.checks.into_iter().map(Arc::new).collect();
        checks.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
        Ok(Self {
            idp_id: config.idp_id,
            checks,
            retry_after: config.retry_after,
            decisions: Decisions::new(config.cache_entries, config.cache_life),
            service: Arc::new(Service {
                client: HttpClient::new(limits, config.roots)?,
                endpoint: config.endpoint,
                headers,
                relay: config.relay,
                timeout: config.timeout,
                turns: Semaphore::new(PARALLEL),
            }),
        })
    }

    async fn decide(&self, number: usize, check: &Arc<Check>, of: &Applicant<'_>) -> Decision {
        let user = &of.identity.user;
        let question = (Arc::from(user.subject()), number);
        let ask = || {
            let (service, check) = (Arc::clone(&self.service), Arc::clone(check));
            let body = check.body.fill(user.subject(), &self.idp_id);
            let token = match service.relay {
                TokenRelay::Forwarded => Some(of.token.clone()),
                TokenRelay::Withheld => None,
            };
            async move { service.ask(&check, body, token).await }
        };
        self.decisions.get(question, ask).await
    }
}

#[async_trait]
impl AdmissionGate for EnforceGate {
    fn name(&self) -> &'static str {
        "enforce"
    }

    async fn admit(&self, applicant: &Applicant<'_>) -> Result<Admission, Rejection> {
        let mut admission = Admission::default();
        if applicant.identity.user.provider() != self.idp_id {
            return Ok(admission);
        }
        for (number, check) in self.checks.iter().enumerate() {
            match (self.decide(number, check, applicant).await, check.kind) {
                (Ok(Verdict::Allow), _) => admission.roles.push(check.role.clone()),
                (Ok(Verdict::Deny), CheckKind::RoleGranting) => {}
                (Ok(Verdict::Deny), CheckKind::Gating) => {
                    let user = &applicant.identity.user;
                    let message =
                        format!("{user} is not admitted to this installation; ask its operator");
                    return Err(Rejection::Forbidden(message));
                }
                (Err(why), _) => {
                    return Err(Rejection::Unavailable {
                        why: format!("check `{}`: {why}", check.name),
                        retry_after: self.retry_after,
                    });
                }
            }
        }
        Ok(admission)
    }
}

struct Service {
    client: HttpClient,
    endpoint: Url,
    headers: HeaderMap,
    relay: TokenRelay,
    timeout: Duration,
    turns: Semaphore,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Service")
            .field("host", &self.endpoint.host_str())
            .finish_non_exhaustive()
    }
}

impl Service {
    async fn ask(&self, check: &Check, body: String, token: Option<BearerToken>) -> Decision {
        let request = self.client.post(self.endpoint.clone());
        let mut request = request.headers(self.headers.clone()).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        let began = Instant::now();
        let answered = timeout(self.timeout, self.in_turn(request)).await;
        let decision = match answered {
            Ok(Ok(200..=299)) => Ok(Verdict::Allow),
            Ok(Ok(403)) => Ok(Verdict::Deny),
            Ok(Ok(status)) => Err(format!("the endpoint answers {status}")),
            Ok(Err(why)) => Err(why),
            Err(_) => Err(format!("no answer within {:?}", self.timeout)),
        };
        let outcome = match &decision {
            Ok(Verdict::Allow) => "allow",
            Ok(Verdict::Deny) => "deny",
            Err(_) => "unavailable",
        };
        let labels = [
            ("check", check.name.clone()),
            ("outcome", outcome.to_owned()),
        ];
        metrics::histogram!(DURATION, &labels).record(began.elapsed());
        decision
    }

    async fn in_turn(&self, request: RequestBuilder) -> Result<u16, String> {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        let answer = self.client.send(request).await?;
        Ok(answer.status().as_u16())
    }
}
