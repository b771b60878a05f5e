//! Authentication: verifies the bearer token of a request and makes the caller's [`Identity`] of it.
//!
//! [`Authenticator`] is the extension point. [`Providers`] is the implementation that the configuration sets up: any number
//! of OpenID Connect providers, whose tokens are verified here with the keys that they publish, and Kubernetes, which is
//! asked to review each of its service accounts' tokens (`TokenReview`). A token's issuer and audience decide which
//! provider verifies it; providers are never tried one after another.
//!
//! The reason of a refusal is for the log; the caller learns only that the token was refused. No error and no `Debug` output
//! contains a token.

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

/// Finds the user that a token belongs to. Implementations must neither store nor log tokens.
#[async_trait]
pub trait Authenticator: Debug + Send + Sync {
    /// The identity that the token proves. [`AuthnError::Refused`] if the token is not valid, [`AuthnError::Unavailable`] if
    /// it cannot be verified at the moment.
    async fn authenticate(&self, token: &BearerToken) -> Result<Arc<Identity>, AuthnError>;

    /// The URL where clients get tokens, if known. `/v1/config` returns it as `oauth2-server-uri`.
    fn token_endpoint(&self) -> Option<String> {
        None
    }
}
