//! The identities that the server may have at Google, and how they get access tokens.

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use url::form_urlencoded;

use super::jwt::{Claims, Signer};
use super::token::{Token, now, read, refusal};
use crate::connection::Transport;
use crate::credential::GcsKey;
use crate::open::OpenError;
use crate::secret::Secret;
use crate::token::{TokenFailure, TokenService};

/// Google's metadata server, which answers on every machine, container and function of its cloud.
pub(super) const METADATA_SERVER: &str = "http://metadata.google.internal";
const ACCOUNT_TOKEN: &str = "computeMetadata/v1/instance/service-accounts/default/token";
const PROJECT: &str = "computeMetadata/v1/project/project-id";

/// The metadata server returns the same token until only this much of its life is left.
///
/// Asking earlier brings no new token. Asking later would hand out tokens with less than the five minutes that
/// engines should have left.
/// <https://cloud.google.com/compute/docs/access/authenticate-workloads>
const METADATA_TOKEN_RENEWED_AT: Duration = Duration::from_mins(5);
/// How soon a metadata server that still returns the old token is asked again: some wait until four minutes are left.
const METADATA_RETRY: Duration = Duration::from_secs(10);

/// An identity with access tokens.
pub(super) enum Source {
    /// A service account, by its key.
    ServiceAccount(Box<ServiceAccount>),
    /// The service account of the machine that the server runs on.
    Machine {
        service: TokenService,
        /// Address of the metadata server, without trailing slash.
        server: String,
    },
    /// No identity: the key says `disable_oauth`, for emulators.
    Anonymous { project: Option<String> },
    /// The identity to which this token was vended; the token cannot be renewed.
    Vended(Token),
}

pub(super) struct ServiceAccount {
    service: TokenService,
    signer: Signer,
    email: String,
    key_id: String,
    token_uri: String,
    project: Option<String>,
}

impl Source {
    pub(super) fn of_key(key: &GcsKey) -> Result<Self, OpenError> {
        let project = key.project_id().map(str::to_owned);
        let Some(private_key) = key.private_key() else {
            return Ok(Self::Anonymous { project });
        };
        let signer = Signer::from_pem(private_key.expose())
            .map_err(|rule| OpenError::Failed(format!("`private_key` {rule}")))?;
        Ok(Self::ServiceAccount(Box::new(ServiceAccount {
            service: service(key.token_uri())?,
            signer,
            email: key.client_email().to_owned(),
            key_id: key.private_key_id().to_owned(),
            token_uri: key.token_uri().to_owned(),
            project,
        })))
    }

    /// `server` is [`METADATA_SERVER`] or a stand-in.
    pub(super) fn of_machine(server: &str) -> Result<Self, OpenError> {
        Ok(Self::Machine {
            service: service(server)?,
            server: server.to_owned(),
        })
    }

    /// For how much of its life a token is used before a new one is requested.
    pub(super) fn used_for(&self, life: Duration) -> Duration {
        let half = life / 2;
        match self {
            Self::Machine { .. } => life
                .saturating_sub(METADATA_TOKEN_RENEWED_AT)
                .max(METADATA_RETRY.min(half)),
            Self::ServiceAccount(_) | Self::Anonymous { .. } | Self::Vended(_) => half,
        }
    }

    /// Gets a new token.
    pub(super) async fn fetch(&self) -> Result<Token, TokenFailure> {
        match self {
            Self::ServiceAccount(account) => account.fetch().await,
            Self::Machine { service, server } => machine(service, server).await,
            Self::Vended(token) => Ok(token.clone()),
            Self::Anonymous { project } => Ok(Token {
                value: Secret::new(String::new()),
                expires_at: now() + Duration::from_hours(12),
                project: project.clone(),
            }),
        }
    }
}

/// A client for the service at `url`; it follows no redirects.
pub(super) fn service(url: &str) -> Result<TokenService, OpenError> {
    TokenService::new(Transport::of(url)).map_err(|e| OpenError::Failed(e.to_string()))
}

/// A POST of a form.
pub(super) fn form(url: &str, fields: &[(&str, &str)]) -> Result<Request, TokenFailure> {
    let mut request = Request::new(Method::POST, parsed(url)?);
    let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, content_type);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    *request.body_mut() = Some(body.into());
    Ok(request)
}

fn parsed(url: &str) -> Result<Url, TokenFailure> {
    Url::parse(url).map_err(|e| TokenFailure::refused(format!("its address is no URL: {e}")))
}

impl ServiceAccount {
    /// Exchanges a signed statement for a token (RFC 7523).
    async fn fetch(&self) -> Result<Token, TokenFailure> {
        let claims = Claims {
            issuer: &self.email,
            key_id: &self.key_id,
            audience: &self.token_uri,
        };
        let assertion = self.signer.sign(claims, now()).ok_or_else(|| {
            TokenFailure::unavailable("this machine has no randomness to sign with")
        })?;
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &assertion),
        ];
        let token = self
            .service
            .ask(
                || form(&self.token_uri, &fields),
                |answer| read(answer, &assertion, None),
            )
            .await?;
        Ok(Token {
            project: self.project.clone(),
            ..token
        })
    }
}

async fn machine(service: &TokenService, server: &str) -> Result<Token, TokenFailure> {
    let get = |path: &str| {
        let mut request = Request::new(Method::GET, parsed(&format!("{server}/{path}"))?);
        let google = HeaderValue::from_static("Google");
        request.headers_mut().insert("Metadata-Flavor", google);
        Ok(request)
    };
    let token = service
        .ask(|| get(ACCOUNT_TOKEN), |answer| read(answer, "", None))
        .await?;
    let project = service
        .ask(
            || get(PROJECT),
            |answer| match String::from_utf8(answer.body.clone()) {
                Ok(id) if answer.is_success() && is_project_id(&id) => Ok(id),
                _ => Err(refusal(answer, "")),
            },
        )
        .await;
    // Engines work without the project, so they still get the token if this fails.
    let project = project
        .inspect_err(
            |error| tracing::debug!(%error, "the metadata server does not tell the project"),
        )
        .ok();
    Ok(Token { project, ..token })
}

fn is_project_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':'))
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceAccount(account) => write!(f, "ServiceAccount({})", account.email),
            Self::Machine { server, .. } => write!(f, "Machine({server})"),
            Self::Anonymous { .. } => f.write_str("Anonymous"),
            Self::Vended(_) => f.write_str("Vended"),
        }
    }
}
