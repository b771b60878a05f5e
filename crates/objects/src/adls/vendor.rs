//! Hands out shared access signatures for folders of a filesystem.
//!
//! A signature for a folder needs a hierarchical namespace: Azure refuses it on other accounts.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::connect;
use super::key::Keys;
use super::sas::{Grant, SigningKey};
use crate::credential::AzureCredential;
use crate::location::{Location, Scheme};
use crate::open::OpenError;
use crate::profile::Lake;
use crate::secret::Secret;
use crate::token::{TokenFailure, TokenService, now};
use crate::vend::{EXPIRATION_TIME, Scope, VendError, Vended, Vendor};

/// Property for PyIceberg, which uses one signature for all accounts.
pub(super) const TOKEN: &str = "adls.sas-token";
/// Prefix of a property per account; its value is in milliseconds since 1970.
const TOKEN_EXPIRES_AT: &str = "adls.sas-token-expires-at-ms";
const ACCOUNT_NAME: &str = "adls.account-name";
/// A signature with a shorter validity would end before an engine has used it.
const SHORTEST_VALIDITY: Duration = Duration::from_mins(1);

/// Signs access to one filesystem.
pub(crate) struct AdlsVendor {
    lake: Lake,
    base: Location,
    keys: KeySource,
}

enum KeySource {
    Account(Secret<Vec<u8>>),
    Delegated(Box<Keys>),
}

impl AdlsVendor {
    pub(crate) fn open(mut lake: Lake, credential: &AzureCredential) -> Result<Self, OpenError> {
        if lake.token_validity < SHORTEST_VALIDITY {
            let (base, given) = (lake.base_location(), lake.token_validity.as_secs());
            let taken = SHORTEST_VALIDITY.as_secs();
            tracing::warn!(%base, given, taken, "`sas-token-validity-seconds` is too short to be of use");
            lake.token_validity = SHORTEST_VALIDITY;
        }
        let failed = |message: String| OpenError::Failed(message);
        let keys = if let AzureCredential::SharedAccessKey { key } = credential {
            let key = STANDARD
                .decode(key.expose())
                .map_err(|_| failed("the account's key is not in base64".to_owned()))?;
            KeySource::Account(Secret::new(key))
        } else {
            let pool = connect::pool(&lake, credential)?;
            let store = connect::store(&lake, credential, pool)?;
            let service = TokenService::of(connect::client(&lake, lake.transport()))
                .map_err(|e| failed(e.to_string()))?;
            KeySource::Delegated(Box::new(Keys::new(&lake, store, service)))
        };
        Ok(Self {
            base: lake.base_location(),
            lake,
            keys,
        })
    }

    async fn signed(&self, scope: &Scope) -> Result<Vended, TokenFailure> {
        let folder = &scope.folder;
        if folder.scheme().canonical() != Scheme::Abfss || !folder.is_within(&self.base) {
            let message = format!("it is outside of the warehouse's base `{}`", self.base);
            return Err(TokenFailure::refused(message));
        }
        let mut grant = Grant {
            account: &self.lake.signed_account,
            filesystem: &self.lake.filesystem,
            folder: folder.key(),
            permission: scope.permission,
            expires_at: now() + self.lake.token_validity,
            transport: self.lake.transport(),
        };
        let token = match &self.keys {
            KeySource::Account(key) => grant.signed_with(SigningKey::Account(key)),
            KeySource::Delegated(keys) => {
                let key = keys.get().await?;
                grant.expires_at = grant.expires_at.min(key.expires_at);
                grant.signed_with(SigningKey::Delegated(&key))
            }
        };
        let expires_at = grant.expires_at;
        let millis = expires_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        // Signatures end on a whole second.
        let millis = Secret::new((millis.as_secs() * 1000).to_string());
        let mut config = vec![
            (TOKEN.to_owned(), token.clone()),
            (
                ACCOUNT_NAME.to_owned(),
                Secret::new(self.lake.account.clone()),
            ),
            (EXPIRATION_TIME.to_owned(), millis.clone()),
        ];
        for account in self.names(folder) {
            config.push((format!("{TOKEN}.{account}"), token.clone()));
            config.push((format!("{TOKEN_EXPIRES_AT}.{account}"), millis.clone()));
        }
        Ok(Vended {
            scope: scope.clone(),
            config,
            expires_at,
        })
    }

    /// The names by which engines know the account: its host, its host as the location spells it, its bare name.
    fn names(&self, folder: &Location) -> Vec<String> {
        let spelled = folder.as_str().split(['@', '/']).nth(3).unwrap_or_default();
        let mut names = vec![
            self.lake.dfs_host(),
            spelled.to_owned(),
            self.lake.account.clone(),
        ];
        names.dedup();
        names.retain(|name| !name.is_empty());
        names
    }
}

#[async_trait]
impl Vendor for AdlsVendor {
    async fn vend(&self, scope: &Scope) -> Result<Vended, VendError> {
        self.signed(scope)
            .await
            .map_err(|failure| failure.into_vend_error(&scope.folder))
    }
}

impl fmt::Debug for AdlsVendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdlsVendor({})", self.base)
    }
}
