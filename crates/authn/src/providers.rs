//! All providers together, and which of them a token is for.

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
/// A token goes to the first OpenID Connect provider that has its issuer and one of its audiences; otherwise to Kubernetes, if
/// its issuer is the cluster. Whoever gets it has the last word: a token that is refused there is tried nowhere else.
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
    /// OpenID Connect providers in the order in which they are looked at, and Kubernetes.
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
    /// What a provider calls itself is known once it was connected. So those that are not are connected if nobody else has the
    /// issuer; one that cannot be reached is passed over. What is surely the cluster's waits for nobody who was away before, but
    /// for the first answer of each: whose user somebody is must not depend on who has started earlier.
    async fn oidc_for(&self, claims: &Claims, issuer: &str) -> Option<&OidcProvider> {
        let is_for = |one: &&OidcProvider| one.issues_as(issuer) && one.is_meant(claims);
        if let Some(known) = self.oidc.iter().find(is_for) {
            return Some(known);
        }
        let is_clusters = match &self.kubernetes {
            Some(cluster) => cluster.surely_issues_as(issuer).await,
            None => false,
        };
        // Also those that are connected: another request may have connected one while this one waited for the one before it.
        for provider in &self.oidc {
            if !provider.is_connected() {
                if is_clusters && provider.is_away() {
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

    /// Why nobody takes it.
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
