//! Downscoped tokens: the server's own token, exchanged for a token that is limited to a single folder.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

use super::source::{form, service};
use super::token::{Token, Tokens, read};
use super::{boundary, tokens};
use crate::credential::GcsCredential;
use crate::location::{Location, Scheme};
use crate::open::OpenError;
use crate::profile::GcsProfile;
use crate::secret::Secret;
use crate::token::{TokenFailure, TokenService};
use crate::vend::{EXPIRATION_TIME, Scope, VendError, Vended, Vendor};

/// Properties for engines' file I/O; Java's `GCSFileIO` and PyIceberg spell them alike.
pub(super) mod config {
    pub(in super::super) const TOKEN: &str = "gcs.oauth2.token";
    /// In milliseconds since 1970.
    pub(in super::super) const TOKEN_EXPIRES_AT: &str = "gcs.oauth2.token-expires-at";
    pub(in super::super) const PROJECT: &str = "gcs.project-id";
    /// URL of the storage, if it is not Google's.
    pub(in super::super) const SERVICE_HOST: &str = "gcs.service.host";
}

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Hands out downscoped tokens for one bucket.
pub(crate) struct GcsVendor {
    base: Location,
    /// URL at which engines find the bucket, if it is not Google's.
    service_host: Option<String>,
    sts_url: String,
    service: TokenService,
    tokens: Tokens,
}

impl GcsVendor {
    /// `None` if the profile does not vend access.
    pub(crate) fn open(
        profile: &GcsProfile,
        credential: &GcsCredential,
    ) -> Result<Option<Self>, OpenError> {
        if !profile.is_sts_enabled() {
            return Ok(None);
        }
        Self::of(profile, credential, tokens(credential)?).map(Some)
    }

    fn of(
        profile: &GcsProfile,
        credential: &GcsCredential,
        tokens: Tokens,
    ) -> Result<Self, OpenError> {
        Ok(Self {
            base: profile.base_location(),
            service_host: credential.own_storage_url().map(str::to_owned),
            service: service(credential.sts_url())?,
            sts_url: credential.sts_url().to_owned(),
            tokens,
        })
    }

    /// Exchanges the server's token (RFC 8693), with the boundary as an option.
    async fn narrowed(&self, scope: &Scope) -> Result<Token, TokenFailure> {
        if scope.folder.scheme() != Scheme::Gs || !scope.folder.is_within(&self.base) {
            let message = format!("it is outside of the warehouse's base `{}`", self.base);
            return Err(TokenFailure::refused(message));
        }
        let boundary = boundary::of(self.base.bucket(), scope).map_err(TokenFailure::refused)?;
        let own = self.tokens.get().await?;
        if own.value.expose().is_empty() {
            return Err(TokenFailure::refused(
                "the service account key says `disable_oauth`, so there is no token to narrow",
            ));
        }
        let options = boundary.to_string();
        let fields = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token_type", ACCESS_TOKEN),
            ("subject_token", own.value.expose()),
            ("options", &options),
        ];
        let narrowed = self
            .service
            .ask(
                || form(&self.sts_url, &fields),
                |answer| read(answer, own.value.expose(), Some(own.expires_at)),
            )
            .await?;
        if narrowed.value == own.value {
            return Err(TokenFailure::refused("it gave the server's own token back"));
        }
        Ok(Token {
            // It expires with the token that it was exchanged for, whatever the answer says.
            expires_at: narrowed.expires_at.min(own.expires_at),
            project: own.project.clone(),
            ..narrowed
        })
    }

    fn config(&self, token: &Token) -> Vec<(String, Secret<String>)> {
        let property = |key: &str, value: String| (key.to_owned(), Secret::new(value));
        let expires_at = millis(token.expires_at);
        let mut all = vec![
            (config::TOKEN.to_owned(), token.value.clone()),
            property(config::TOKEN_EXPIRES_AT, expires_at.clone()),
            property(EXPIRATION_TIME, expires_at),
        ];
        if let Some(project) = &token.project {
            all.push(property(config::PROJECT, project.clone()));
        }
        if let Some(host) = &self.service_host {
            all.push(property(config::SERVICE_HOST, host.clone()));
        }
        all
    }
}

fn millis(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
        .to_string()
}

#[async_trait]
impl Vendor for GcsVendor {
    async fn vend(&self, scope: &Scope) -> Result<Vended, VendError> {
        let token = self
            .narrowed(scope)
            .await
            .map_err(|error| error.into_vend_error(&scope.folder))?;
        Ok(Vended {
            scope: scope.clone(),
            config: self.config(&token),
            expires_at: token.expires_at,
        })
    }
}

impl fmt::Debug for GcsVendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GcsVendor({}, {:?})", self.base, self.tokens)
    }
}
