//! Service accounts of Kubernetes: the cluster is asked about each token (`TokenReview`, authentication.k8s.io/v1).

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
use crate::identity::kept;
use crate::{AuthnError, BearerToken, ProviderUnavailable, Refusal, fetch};
use own_token::OwnToken;

/// What the ids of its users start with.
pub const PROVIDER: &str = "kubernetes";
/// Issuers of tokens that were made before they had audiences.
const LEGACY_ISSUERS: [&str; 2] = [
    "kubernetes/serviceaccount",
    "https://kubernetes.default.svc.cluster.local",
];
/// How long an answer counts: a service account that was deleted is one no more after this.
const REMEMBERED: Duration = Duration::from_secs(30);
/// Most questions at a time.
const PARALLEL: usize = 32;
/// Most tokens that wait for their review: each has a bearer token of up to 16 KiB in memory, also after its client has gone.
const WAITING: usize = 1_024;
/// How long a request waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// How the cluster is reached, and which of its tokens count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesConfig {
    /// Address of the API server.
    pub api: String,
    /// The certificate authority of the API server, PEM; those of the system if absent.
    pub ca_file: Option<PathBuf>,
    /// The token of this process, which must be allowed to review tokens. Read again as it is replaced.
    pub token_file: PathBuf,
    /// Whom tokens must be meant for, one of them; empty: whomever the API server says.
    pub audiences: Vec<String>,
    /// What becomes of tokens without audiences.
    pub legacy_tokens: LegacyTokens,
    /// What its users are called.
    pub subject: SubjectSource,
}

/// What becomes of tokens that Kubernetes made before they had audiences and an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyTokens {
    /// They are reviewed like others.
    Accepted,
    /// They are refused.
    Refused,
}

/// What a service account is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectSource {
    /// Its UID: another one in each cluster, and after each time it was made.
    Uid,
    /// `system:serviceaccount:<namespace>:<name>`.
    Username,
}

/// Asks a cluster about the tokens of its service accounts.
#[derive(Debug)]
pub struct Kubernetes {
    cluster: Arc<Cluster>,
    /// One for each token, by its hash: an engine begins with many requests at once.
    reviews: Arc<Flights<Hash, Result<Status, ProviderUnavailable>>>,
}

#[derive(Debug)]
struct Cluster {
    config: KubernetesConfig,
    client: HttpClient,
    own_token: OwnToken,
    turns: Semaphore,
    places: Arc<Semaphore>,
}

/// The part of a `TokenReview` that counts.
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
    /// Reads the certificate and the token of this process; asks nobody yet.
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
            places: Arc::new(Semaphore::new(WAITING)),
        };
        Ok(Self {
            cluster: Arc::new(cluster),
            reviews: Arc::default(),
        })
    }

    /// Whether the issuer is this cluster: the one that has made the token of this process. If that does not tell, every
    /// issuer may be.
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

    /// Whether the issuer is the very one that has made the token of this process.
    pub(crate) async fn surely_issues_as(&self, issuer: &str) -> bool {
        let own = self.cluster.own_token.read().await;
        own.is_ok_and(|own| own.issuer.as_deref() == Some(issuer))
    }

    /// Whose token it is, by what the cluster says.
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
            let place = Arc::clone(&cluster.places).try_acquire_owned();
            async move {
                match place {
                    Ok(_place) => cluster.ask(&token, &audiences).await,
                    Err(_) => Err(unavailable(format!(
                        "{WAITING} tokens wait for their review already"
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
        // A server that does not know audiences leaves them out, and has checked none.
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
                name: kept(&status.user.username),
                user_type: Some(UserType::Application),
                audiences: status.audiences,
                ..Identity::of(user)
            }),
        })
    }

    /// The audiences to ask for; refused if the token is for none of them.
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

fn unavailable(why: String) -> ProviderUnavailable {
    ProviderUnavailable(format!("Kubernetes: {why}"))
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
