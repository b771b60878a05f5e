//! Authenticates Kubernetes service accounts: the cluster reviews each token (`TokenReview`, authentication.k8s.io/v1).

mod own_token;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::{Identity, Timestamp, UserId, UserType};
use outbound::{Flights, HttpClient, read_roots};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::cache::{Hash, Verified};
use crate::claims::Claims;
use crate::identity::sanitized;
use crate::{AuthnError, BearerToken, ProviderUnavailable, Refusal, fetch};
use own_token::OwnToken;

/// The provider in the ids of its users, which start with `kubernetes~`.
pub const PROVIDER: &str = "kubernetes";
/// Issuers of legacy tokens, which Kubernetes made before its tokens had audiences.
const LEGACY_ISSUERS: [&str; 2] = [
    "kubernetes/serviceaccount",
    "https://kubernetes.default.svc.cluster.local",
];
/// How long a review counts: this long after its deletion a service account is refused at the latest.
const REMEMBERED: Duration = Duration::from_secs(30);
/// Most reviews under way at a time.
const PARALLEL: usize = 32;
/// Most reviews that are under way or wait for their turn: each holds a bearer token of up to 16 KiB in memory, even after
/// its client has disconnected.
const MAX_REVIEWS: usize = 1_024;
/// How long a review waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// How to reach the cluster, and which of its tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesConfig {
    /// Address of the API server.
    pub api: String,
    /// A PEM file with the certificate authority of the API server; if absent, those of the system are trusted.
    pub ca_file: Option<PathBuf>,
    /// The file with the catalog's own token, whose service account must be allowed to review tokens. Read again after a
    /// minute, as Kubernetes replaces it.
    pub token_file: PathBuf,
    /// A token must be for one of these audiences; if empty, for an audience that the API server accepts by default.
    pub audiences: Vec<String>,
    /// Whether tokens without audiences are accepted.
    pub legacy_tokens: LegacyTokens,
    /// What the subject in the ids of its users is.
    pub subject: SubjectSource,
}

/// Whether to accept legacy tokens, which Kubernetes made before its tokens had audiences and expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyTokens {
    /// They are reviewed like others.
    Accepted,
    /// They are refused.
    Refused,
}

/// What identifies a service account in its user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectSource {
    /// Its UID, which differs between clusters, and changes when the account is deleted and created again.
    Uid,
    /// `system:serviceaccount:<namespace>:<name>`.
    Username,
}

/// Has a cluster review the tokens of its service accounts.
#[derive(Debug)]
pub struct Kubernetes {
    cluster: Arc<Cluster>,
    /// The reviews under way, by the token's hash: a query engine starts with many requests at once, whose token is reviewed
    /// only once.
    reviews: Arc<Flights<Hash, Result<Status, ProviderUnavailable>>>,
}

#[derive(Debug)]
struct Cluster {
    config: KubernetesConfig,
    client: HttpClient,
    own_token: OwnToken,
    turns: Semaphore,
    waiting_slots: Arc<Semaphore>,
}

/// The part of a `TokenReview` that is used.
#[derive(Debug, Deserialize)]
struct Review {
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Status {
    authenticated: bool,
    user: User,
    audiences: Vec<String>,
    error: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct User {
    username: String,
    uid: String,
}

impl Kubernetes {
    /// Reads the catalog's own token and the certificates of `ca_file`; does not call the cluster yet.
    pub async fn new(config: KubernetesConfig) -> Result<Self, ProviderUnavailable> {
        let own_token = OwnToken::new(config.token_file.clone());
        own_token.read().await?;
        let roots = config.ca_file.as_deref().map(read_roots).transpose();
        let roots = roots.map_err(|error| ProviderUnavailable(error.to_string()))?;
        let client = fetch::client(roots).map_err(ProviderUnavailable)?;
        let cluster = Cluster {
            config,
            client,
            own_token,
            turns: Semaphore::new(PARALLEL),
            waiting_slots: Arc::new(Semaphore::new(MAX_REVIEWS)),
        };
        Ok(Self {
            cluster: Arc::new(cluster),
            reviews: Arc::default(),
        })
    }

    /// Whether the issuer may be this cluster: whether it has issued the catalog's own token. If that token cannot be read
    /// or does not tell its cluster's issuer, every issuer may be.
    pub(crate) async fn issues_as(&self, issuer: &str) -> bool {
        let cluster = &self.cluster;
        if cluster.config.legacy_tokens == LegacyTokens::Accepted
            && LEGACY_ISSUERS.contains(&issuer)
        {
            return true;
        }
        match cluster.own_token.read().await {
            Ok(own) => own.issuer.as_ref().is_none_or(|own| own == issuer),
            Err(_) => true,
        }
    }

    /// Whether the issuer is certainly this cluster: the catalog's own token names it.
    pub(crate) async fn surely_issues_as(&self, issuer: &str) -> bool {
        let own = self.cluster.own_token.read().await;
        own.is_ok_and(|own| own.issuer.as_deref() == Some(issuer))
    }

    /// Has the cluster review the token; the identity in its answer.
    pub(crate) async fn review(
        &self,
        (token, hash): (&BearerToken, Hash),
        claims: &Claims,
        now: Timestamp,
    ) -> Result<Verified, AuthnError> {
        let audiences = self.audiences(claims)?;
        let ask = || {
            let (cluster, token, audiences) =
                (Arc::clone(&self.cluster), token.clone(), audiences.to_vec());
            let slot = Arc::clone(&cluster.waiting_slots).try_acquire_owned();
            async move {
                match slot {
                    Ok(_slot) => cluster.ask(&token, &audiences).await,
                    Err(_) => Err(unavailable(format!(
                        "{MAX_REVIEWS} tokens wait for their review already"
                    ))),
                }
            }
        };
        let answer = self.reviews.get(hash, || None, ask).await;
        let lost =
            "Kubernetes: the review ended without an answer; an error of the catalog is in its log";
        let status = answer.unwrap_or_else(|| Err(ProviderUnavailable(lost.to_owned())))?;
        if !status.authenticated {
            return Err(Refusal::kubernetes(&status.error).into());
        }
        // A server that does not support audiences leaves them out of its answer: it has checked none.
        let is_meant = |one: &String| audiences.contains(one);
        if !audiences.is_empty() && !status.audiences.iter().any(is_meant) {
            return Err(Refusal::audience(status.audiences.iter().map(String::as_str)).into());
        }
        let subject = match self.cluster.config.subject {
            SubjectSource::Uid => &status.user.uid,
            SubjectSource::Username => &status.user.username,
        };
        let user = UserId::new(PROVIDER, subject).map_err(|_| {
            let problem = "of the review cannot be the subject of a user id";
            Refusal::claim("user", problem)
        })?;
        Ok(Verified {
            until: now.plus(REMEMBERED),
            identity: Arc::new(Identity {
                name: sanitized(&status.user.username),
                user_type: Some(UserType::Application),
                audiences: status.audiences,
                ..Identity::of(user)
            }),
        })
    }

    /// The audiences that the review shall check; refused if the token is for none of them. Checked before the cluster is
    /// asked.
    fn audiences(&self, claims: &Claims) -> Result<&[String], Refusal> {
        let meant = claims.audiences();
        let wanted = self.cluster.config.audiences.as_slice();
        if meant.is_empty() {
            return match self.cluster.config.legacy_tokens {
                LegacyTokens::Accepted => Ok(&[]),
                LegacyTokens::Refused => Err(Refusal::claim("aud", "is missing")),
            };
        }
        if wanted.is_empty() || meant.iter().any(|one| wanted.iter().any(|two| one == two)) {
            return Ok(wanted);
        }
        Err(Refusal::audience(meant))
    }
}

fn unavailable(mut why: String) -> ProviderUnavailable {
    why.insert_str(0, "Kubernetes: ");
    ProviderUnavailable(why)
}

impl Cluster {
    async fn ask(
        &self,
        token: &BearerToken,
        audiences: &[String],
    ) -> Result<Status, ProviderUnavailable> {
        let turn = timeout(TURN_TIMEOUT, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            let why = format!("{PARALLEL} tokens are being reviewed already");
            return Err(unavailable(why));
        };
        let own = self.own_token.read().await?;
        let api = self.config.api.trim_end_matches('/');
        let url = format!("{api}/apis/authentication.k8s.io/v1/tokenreviews");
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": { "token": token.expose(), "audiences": audiences },
        });
        let request = self.client.post(&url).bearer_auth(own.token.expose());
        let asked = self.client.ask(request.json(&body)).await;
        let (status, answer) = asked.map_err(unavailable)?;
        match status {
            200 | 201 => {
                let review = serde_json::from_slice::<Review>(&answer);
                let review = review.map_err(|error| {
                    unavailable(format!("{url} answers no token review: {error}"))
                })?;
                Ok(review.status)
            }
            401 | 403 => Err(unavailable(format!(
                "{url} answers {status}: the service account of the catalog needs the cluster role \
                 `system:auth-delegator`"
            ))),
            _ => Err(unavailable(format!("{url} answers {status}"))),
        }
    }
}
