//! All configured providers, and the choice of the one that verifies a token.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use model::{Clock, Identity};

use crate::cache::VerifiedTokens;
use crate::claims::Claims;
use crate::jwt::Jwt;
use crate::kubernetes::Kubernetes;
use crate::{Authenticator, AuthnError, BearerToken, OidcProvider, ProviderUnavailable, Refusal};

/// The configured providers.
///
/// A token goes to the first OpenID Connect provider that has its issuer and one of its audiences; otherwise to Kubernetes,
/// if its issuer is the cluster. The decision of that provider is final: a token that it refuses is not tried with another
/// one.
pub struct Providers {
    oidc: Vec<OidcProvider>,
    kubernetes: Option<Kubernetes>,
    verified: VerifiedTokens,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Providers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Providers")
            .field("oidc", &self.oidc)
            .field("kubernetes", &self.kubernetes)
            .finish_non_exhaustive()
    }
}

impl Providers {
    /// `oidc` in the order in which the providers are considered.
    pub fn new(
        oidc: Vec<OidcProvider>,
        kubernetes: Option<Kubernetes>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            oidc,
            kubernetes,
            verified: VerifiedTokens::new(),
            clock,
        }
    }

    /// The provider that the token is for.
    ///
    /// A provider's issuer is known for certain only once its discovery document was fetched ("connected"). So if no
    /// provider is known to have the issuer, those that are not connected are connected now; those that cannot be reached
    /// are skipped. A token that certainly is the cluster's does not wait for a provider whose last fetch has failed. But
    /// it does wait for the first fetch from each: which provider a user belongs to must not depend on which one was
    /// connected first.
    async fn oidc_for(&self, claims: &Claims, issuer: &str) -> Option<&OidcProvider> {
        let is_for = |one: &&OidcProvider| one.issues_as(issuer) && one.is_meant(claims);
        if let Some(known) = self.oidc.iter().find(is_for) {
            return Some(known);
        }
        let is_clusters = match &self.kubernetes {
            Some(cluster) => cluster.surely_issues_as(issuer).await,
            None => false,
        };
        // Connected providers are checked again: another request may have connected them while this request waited.
        for provider in &self.oidc {
            if !provider.is_connected() {
                if is_clusters && provider.last_fetch_failed() {
                    continue;
                }
                if provider.connect().await.is_err() {
                    continue;
                }
            }
            if is_for(&provider) {
                return Some(provider);
            }
        }
        None
    }

    /// The error for a token that is for none of the providers.
    fn refusal(&self, claims: &Claims, issuer: &str) -> AuthnError {
        if self.oidc.iter().any(|one| one.issues_as(issuer)) {
            return Refusal::audience(claims.audiences()).into();
        }
        match self.oidc.iter().find(|one| !one.is_connected()) {
            Some(unknown) => {
                let why = format!(
                    "it may be of provider `{}`, which cannot be reached",
                    unknown.id()
                );
                ProviderUnavailable(why).into()
            }
            None => Refusal::issuer(issuer).into(),
        }
    }
}

#[async_trait]
impl Authenticator for Providers {
    async fn authenticate(&self, token: &BearerToken) -> Result<Arc<Identity>, AuthnError> {
        let (hash, now) = (VerifiedTokens::hash(token), self.clock.now());
        if let Some(identity) = self.verified.find(&hash, now) {
            return Ok(identity);
        }
        let jwt = Jwt::take_apart(token)?;
        let issuer = jwt.claims.issuer()?;
        let verified = match (self.oidc_for(&jwt.claims, issuer).await, &self.kubernetes) {
            (Some(provider), _) => provider.verify(&jwt, now).await?,
            (None, Some(cluster)) if cluster.issues_as(issuer).await => {
                cluster.review((token, hash), &jwt.claims, now).await?
            }
            (None, _) => return Err(self.refusal(&jwt.claims, issuer)),
        };
        let identity = Arc::clone(&verified.identity);
        self.verified.keep(hash, verified, now);
        Ok(identity)
    }

    fn token_endpoint(&self) -> Option<String> {
        self.oidc.first()?.token_endpoint()
    }
}
