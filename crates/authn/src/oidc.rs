//! Verifies the tokens of one OpenID Connect provider.

use std::sync::Arc;

use model::Timestamp;

use crate::cache::Verified;
use crate::claims::Claims;
use crate::identity::identity;
use crate::jwt::Jwt;
use crate::key_source::{KeySource, Pace, Published};
use crate::{AuthnError, NameTemplate, ProviderUnavailable, Refusal, fetch};

/// The configuration of an OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcConfig {
    /// The provider's name, with which the ids of its users start.
    pub id: String,
    /// The provider's address, below which `/.well-known/openid-configuration` is found.
    pub uri: String,
    /// A token must be for one of these audiences; if empty, tokens for every audience are accepted.
    pub audiences: Vec<String>,
    /// Issuers whose tokens are accepted besides that in the provider's discovery document, if its keys have signed them.
    pub additional_issuers: Vec<String>,
    /// The scope that tokens must have, if any.
    pub scope: Option<String>,
    /// Claims that name the user; the first one that the token has is used.
    pub subject_claims: Vec<String>,
    /// The claim that lists the user's roles; if absent, roles are not taken from tokens.
    pub roles_claim: Option<String>,
    /// Claims that tokens must have.
    pub required_claims: Vec<RequiredClaim>,
    /// The display name of users whose tokens have no name.
    pub name_template: Option<NameTemplate>,
}

/// A claim that tokens must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredClaim {
    /// Its name or path.
    pub path: String,
    /// The value that the claim must have or, as an array, contain; if absent, any value but `null` and `false`.
    pub value: Option<String>,
}

impl OidcConfig {
    /// A provider with default settings; tokens for every audience are accepted.
    pub fn new(id: &str, uri: &str) -> Self {
        Self {
            id: id.to_owned(),
            uri: uri.to_owned(),
            audiences: Vec::new(),
            additional_issuers: Vec::new(),
            scope: None,
            subject_claims: vec!["oid".to_owned(), "sub".to_owned()],
            roles_claim: None,
            required_claims: Vec::new(),
            name_template: None,
        }
    }
}

/// Verifies the tokens of one provider with the keys that it publishes.
#[derive(Debug)]
pub struct OidcProvider {
    config: OidcConfig,
    keys: Arc<KeySource>,
}

impl OidcProvider {
    /// Does not call the provider yet. Fails if no TLS client can be made on this system.
    pub fn new(config: OidcConfig) -> Result<Self, ProviderUnavailable> {
        Self::paced(config, Pace::USUAL)
    }

    pub(crate) fn paced(config: OidcConfig, pace: Pace) -> Result<Self, ProviderUnavailable> {
        let client = fetch::client(None).map_err(ProviderUnavailable)?;
        let keys = Arc::new(KeySource::new(&config.uri, client, pace));
        Ok(Self { config, keys })
    }

    /// The provider's name.
    pub fn id(&self) -> &str {
        &self.config.id
    }

    /// Fetches the provider's keys, unless they are known.
    pub async fn connect(&self) -> Result<(), ProviderUnavailable> {
        self.published().await.map(drop)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.keys.known().is_some()
    }

    /// Whether the last fetch of its keys has failed. If so, another one starts in the background.
    pub(crate) fn last_fetch_failed(&self) -> bool {
        self.keys.last_fetch_failed()
    }

    /// The URL where the provider issues tokens; `None` while its discovery document has not been fetched.
    pub(crate) fn token_endpoint(&self) -> Option<String> {
        self.keys.known()?.token_endpoint.clone()
    }

    /// Whether the issuer is this provider, as far as is known: until its discovery document was fetched, its issuer is
    /// taken to equal its address, as OpenID Connect requires.
    pub(crate) fn issues_as(&self, issuer: &str) -> bool {
        let is_additional = self
            .config
            .additional_issuers
            .iter()
            .any(|one| one == issuer);
        is_additional
            || match self.keys.known() {
                Some(published) => published.issuer == issuer,
                None => self.config.uri.trim_end_matches('/') == issuer.trim_end_matches('/'),
            }
    }

    /// Whether the token is meant for one of the configured audiences.
    pub(crate) fn is_meant(&self, claims: &Claims) -> bool {
        let wanted = &self.config.audiences;
        let meant = claims.audiences();
        wanted.is_empty() || meant.iter().any(|one| wanted.iter().any(|two| one == two))
    }

    /// Verifies the token. The checks that need no key come first, so that a token which is refused anyway causes no call to
    /// the provider.
    pub(crate) async fn verify(
        &self,
        token: &Jwt<'_>,
        now: Timestamp,
    ) -> Result<Verified, AuthnError> {
        let until = self.check_claims(&token.claims, now)?;
        let published = self.published().await?;
        if !self.issues_as(token.claims.issuer()?) {
            return Err(Refusal::issuer(token.claims.issuer()?).into());
        }
        if let Err(refusal) = token.verify_signature(&published.keys) {
            // A wrong signature causes a fetch of the keys, too: a new key may have the id of the old one, or none.
            let newer = self.keys.newer(&published).await.ok_or(refusal)?;
            token.verify_signature(&newer.keys)?;
        }
        let identity = Arc::new(identity(&self.config, &token.claims)?);
        Ok(Verified { identity, until })
    }

    async fn published(&self) -> Result<Arc<Published>, ProviderUnavailable> {
        let connected = self.keys.connect().await;
        connected
            .map_err(|error| ProviderUnavailable(format!("provider `{}`: {error}", self.config.id)))
    }

    /// Checks all but issuer and signature: audience, times, scope and required claims. When the token expires.
    fn check_claims(&self, claims: &Claims, now: Timestamp) -> Result<Timestamp, Refusal> {
        if !self.is_meant(claims) {
            return Err(Refusal::audience(claims.audiences()));
        }
        let until = claims.end(now)?;
        if let Some(scope) = &self.config.scope
            && !claims.has_scope(scope)
        {
            return Err(Refusal::Scope(scope.clone()));
        }
        let required = &self.config.required_claims;
        required.iter().try_for_each(|one| one.check(claims))?;
        Ok(until)
    }
}

impl RequiredClaim {
    fn check(&self, claims: &Claims) -> Result<(), Refusal> {
        use serde_json::Value;
        let found = claims.at(&self.path);
        let holds = |value: &Value, wanted: &str| match value {
            Value::String(text) => text == wanted,
            Value::Bool(flag) => wanted == if *flag { "true" } else { "false" },
            Value::Number(number) => number.to_string().as_str() == wanted,
            _ => false,
        };
        let is_met = match (found, &self.value) {
            (None | Some(Value::Null | Value::Bool(false)), None) | (None, Some(_)) => false,
            (Some(_), None) => true,
            (Some(Value::Array(all)), Some(wanted)) => all.iter().any(|one| holds(one, wanted)),
            (Some(one), Some(wanted)) => holds(one, wanted),
        };
        if is_met {
            Ok(())
        } else {
            Err(Refusal::claim(&self.path, "is not what is required"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_claims_are_texts_flags_numbers_or_among_several() {
        let claims =
            br#"{"org":"acme","verified":true,"off":false,"n":7,"groups":["a","b"],"null":null}"#;
        let claims = Claims::parse(claims).unwrap();
        for (path, value, is_met) in [
            ("org", Some("acme"), true),
            ("org", Some("acm"), false),
            ("org", None, true),
            ("verified", Some("true"), true),
            ("verified", None, true),
            ("off", None, false),
            ("off", Some("false"), true),
            ("n", Some("7"), true),
            ("groups", Some("b"), true),
            ("groups", Some("c"), false),
            ("null", None, false),
            ("missing", None, false),
            ("missing", Some("x"), false),
        ] {
            let required = RequiredClaim {
                path: path.to_owned(),
                value: value.map(str::to_owned),
            };
            assert_eq!(required.check(&claims).is_ok(), is_met, "{path} {value:?}");
        }
    }
}
