//! A filesystem of Azure Data Lake Storage Gen2.

mod checks;
mod identity;
mod lake;
pub(super) mod onelake;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    AzureIdentity, Policy, ProfileError, StorageLayout, checked_key_prefix, read_fields, unchanged,
    unchanged_key_prefix, yes,
};
use crate::adls::own_authority_host;
use crate::credential::AzureCredential;
use crate::location::{Location, LocationError, Scheme};

pub(crate) use lake::Lake;
pub use onelake::{EndpointMode, OneLakeProfile, TopLevelFolder};

const DEFAULT_HOST: &str = "dfs.core.windows.net";
/// Validity of vended credentials if the profile sets none.
const DEFAULT_TOKEN_SECONDS: u64 = 3600;
/// Azure limits the life of the key behind a signature to seven days.
const MAX_TOKEN_SECONDS: u64 = 7 * 24 * 3600;

/// A filesystem (container) of a storage account; the fields of the management API's `AdlsProfile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AdlsProfile {
    account_name: String,
    filesystem: String,
    #[serde(default)]
    key_prefix: Option<String>,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    authority_host: Option<String>,
    #[serde(default = "yes")]
    sas_enabled: bool,
    #[serde(default)]
    sas_token_validity_seconds: Option<u64>,
    #[serde(default)]
    allow_alternative_protocols: bool,
    #[serde(default)]
    storage_layout: Option<StorageLayout>,
}

/// Refuses the server's own identity if it is switched off, or would be sent to a host that is not Microsoft's.
fn check_identity(
    lake: &Lake,
    credential: &AzureCredential,
    policy: Policy,
) -> Result<(), ProfileError> {
    match (credential, policy.azure_identity) {
        (AzureCredential::SystemIdentity, AzureIdentity::Refused) => Err(ProfileError::field(
            "credential-type",
            "azure-system-identity",
            "must not be the server's own identity here: give `client-credentials`, or set \
             LAKEKEEPER__ENABLE_AZURE_SYSTEM_CREDENTIALS=true",
        )),
        (AzureCredential::SystemIdentity, AzureIdentity::Allowed) => {
            identity::check(lake, own_authority_host().as_deref())
        }
        _ => Ok(()),
    }
}

impl AdlsProfile {
    pub(super) fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let mut profile: Self = read_fields(json)?;
        profile.check()?;
        Ok(profile)
    }

    /// Checks every field and brings it to its normal form.
    fn check(&mut self) -> Result<(), ProfileError> {
        checks::account_name(&self.account_name)?;
        checks::filesystem(&self.filesystem)?;
        self.host = checks::host(self.host.take(), &self.account_name)?;
        self.key_prefix = checked_key_prefix(self.key_prefix.take())?;
        self.authority_host = checks::authority_host(self.authority_host.take())?;
        if let Some(layout) = &self.storage_layout {
            layout.validate()?;
        }
        checks::token_seconds(self.sas_token_validity_seconds, MAX_TOKEN_SECONDS)?;
        checks::base_location(&self.lake())
    }

    /// Refuses settings that do not work on OneLake. Existing warehouses keep theirs.
    pub(super) fn check_new(&self) -> Result<(), ProfileError> {
        if !self.is_onelake() {
            return Ok(());
        }
        onelake::check_folder("key-prefix", self.key_prefix())?;
        onelake::check_layout(self.layout())?;
        checks::token_seconds(self.sas_token_validity_seconds, onelake::MAX_TOKEN_SECONDS)
    }

    /// Refuses a credential that the server's configuration does not allow with this profile.
    pub(super) fn check_credential(
        &self,
        credential: &AzureCredential,
        policy: Policy,
    ) -> Result<(), ProfileError> {
        if self.is_onelake() {
            onelake::refuse_account_key(credential)?;
        }
        check_identity(&self.lake(), credential, policy)
    }

    /// Refuses locations that the store would take for others.
    pub(super) fn check_location(&self, location: &Location) -> Result<(), LocationError> {
        if self.is_onelake() {
            onelake::check_location(location)?;
        }
        Ok(())
    }

    /// OneLake has rules of its own, also for a profile that names it as a storage account.
    fn is_onelake(&self) -> bool {
        onelake::is_host(self.host())
    }

    pub(crate) fn lake(&self) -> Lake {
        let longest_key = if self.is_onelake() {
            onelake::MAX_TOKEN_SECONDS
        } else {
            MAX_TOKEN_SECONDS
        };
        Lake {
            account: self.account_name.clone(),
            host: self.host().to_owned(),
            filesystem: self.filesystem.clone(),
            prefix: self.key_prefix.clone(),
            signed_account: self.account_name.clone(),
            authority_host: self.authority_host.clone(),
            token_validity: Duration::from_secs(self.sas_token_validity_seconds().min(longest_key)),
            longest_key: Duration::from_secs(longest_key),
        }
    }

    /// The accepted schemes, for messages, and whether `scheme` is one of them.
    pub(super) fn accepts(&self, scheme: Scheme) -> (&'static str, bool) {
        if self.allow_alternative_protocols {
            let is_accepted = scheme.canonical() == Scheme::Abfss;
            ("`abfss://` and `wasbs://`", is_accepted)
        } else {
            ("`abfss://`", scheme == Scheme::Abfss)
        }
    }

    pub(super) fn update_with(&self, mut new: Self) -> Result<Self, ProfileError> {
        unchanged("account-name", &self.account_name, &new.account_name)?;
        unchanged("filesystem", &self.filesystem, &new.filesystem)?;
        unchanged("host", self.host(), new.host())?;
        unchanged_key_prefix(self.key_prefix.as_deref(), new.key_prefix.as_deref())?;
        new.storage_layout = new.storage_layout.or_else(|| self.storage_layout.clone());
        Ok(new)
    }

    pub(super) fn layout(&self) -> &StorageLayout {
        self.storage_layout
            .as_ref()
            .unwrap_or(&StorageLayout::Default)
    }

    fn host(&self) -> &str {
        self.host.as_deref().unwrap_or(DEFAULT_HOST)
    }

    /// Name of the storage account.
    pub fn account_name(&self) -> &str {
        &self.account_name
    }

    /// Name of the filesystem, which blob storage calls container.
    pub fn filesystem(&self) -> &str {
        &self.filesystem
    }

    /// The folder in the filesystem, without slashes at its ends.
    pub fn key_prefix(&self) -> Option<&str> {
        self.key_prefix.as_deref()
    }

    /// Whether shared access signatures may be vended.
    pub fn is_sas_enabled(&self) -> bool {
        self.sas_enabled
    }

    /// Validity of vended signatures, in seconds.
    pub fn sas_token_validity_seconds(&self) -> u64 {
        self.sas_token_validity_seconds
            .unwrap_or(DEFAULT_TOKEN_SECONDS)
    }
}
