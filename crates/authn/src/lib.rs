//! Who sends a request: from a bearer token to an [`Identity`].
//!
//! [`Authenticator`] is the extension point. [`Providers`] is what the configuration makes: any number of OpenID Connect
//! providers, whose tokens are verified here by their published keys, and Kubernetes, which is asked about each token of its
//! own (`TokenReview`). Which of them a token goes to is decided by its issuer and audience, never by trial.
//!
//! Why a token was refused is for the log; whoever sent it learns only that it was. No error and no `Debug` holds a token.

mod algorithm;
mod cache;
mod claims;
mod error;
mod fetch;
mod identity;
mod jwk;
mod jwt;
mod key_source;
pub mod kubernetes;
mod oidc;
mod providers;
#[cfg(feature = "stand-in")]
pub mod stand_in;
mod template;
mod token;

pub use error::{AuthnError, ProviderUnavailable, Refusal};
pub use kubernetes::{KubernetesConfig, SubjectSource};
pub use oidc::{OidcConfig, OidcProvider, RequiredClaim};
pub use providers::Providers;
pub use template::{InvalidTemplate, NameTemplate};
pub use token::BearerToken;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use model::Identity;

/// Finds out whose token it is. Implementations keep no token and log none.
#[async_trait]
pub trait Authenticator: Debug + Send + Sync {
    /// Who holds the token. [`AuthnError::Refused`] if it proves nothing, [`AuthnError::Unavailable`] if nobody can say now.
    async fn authenticate(&self, token: &BearerToken) -> Result<Arc<Identity>, AuthnError>;

    /// Where clients get tokens, if that is known: what `/v1/config` tells them as `oauth2-server-uri`.
    fn token_endpoint(&self) -> Option<String> {
        None
    }
}
