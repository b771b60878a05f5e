//! A lakehouse of Microsoft Fabric, reached as Data Lake Storage.

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::identity::is_below;
use super::{DEFAULT_TOKEN_SECONDS, Lake, check_identity, checks};
use crate::credential::AzureCredential;
use crate::location::{Location, LocationError, LocationProblem};
use crate::profile::{
    Policy, ProfileError, StorageLayout, checked_folder, read_fields, unchanged, yes,
};

pub(super) const HOST: &str = "dfs.fabric.microsoft.com";
pub(super) const ACCOUNT: &str = "onelake";
/// Longest life of a signature that OneLake accepts, and of a key for signatures that it issues.
pub(super) const MAX_TOKEN_SECONDS: u64 = 3600;

/// A lakehouse of Microsoft Fabric; the fields of the management API's `OneLakeProfile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OneLakeProfile {
    workspace_id: Uuid,
    lakehouse_id: Uuid,
    #[serde(default)]
    directory_rel_path: Option<String>,
    #[serde(default)]
    top_level_folder: TopLevelFolder,
    #[serde(default)]
    endpoint_mode: EndpointMode,
    #[serde(default = "yes")]
    sas_enabled: bool,
    #[serde(default)]
    sas_token_validity_seconds: Option<u64>,
    #[serde(default)]
    authority_host: Option<String>,
    #[serde(default)]
    storage_layout: Option<StorageLayout>,
}

/// The managed folder of a lakehouse that contains the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TopLevelFolder {
    /// For files of any kind.
    #[default]
    Files,
    /// The folder in which Fabric finds tables by itself.
    Tables,
}

/// The host through which a lakehouse is reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum EndpointMode {
    /// `onelake.dfs.fabric.microsoft.com`, also behind a private link of the whole tenant.
    #[default]
    Default,
    /// `<region>-onelake.dfs.fabric.microsoft.com`: requests stay in the region.
    Regional {
        /// The region's short name, such as `westus`.
        region: String,
    },
    /// `<workspace>.z<xy>.dfs.fabric.microsoft.com`: the private link of the workspace.
    WorkspacePrivateLink,
}

// === Rules of OneLake, whichever profile names it ===

/// Whether `host`, the part of a host name after the account, is OneLake's.
pub(super) fn is_host(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    is_below(name, HOST)
}

/// Refuses locations that OneLake would take for others, because it decodes `%`.
pub(in crate::profile) fn check_location(location: &Location) -> Result<(), LocationError> {
    if location.key().contains('%') {
        let problem = LocationProblem::Ambiguous("a `%`".to_owned());
        return Err(LocationError::new(location.as_str(), problem));
    }
    Ok(())
}

pub(super) fn check_folder(field: &'static str, path: Option<&str>) -> Result<(), ProfileError> {
    match path.filter(|path| path.contains('%')) {
        Some(path) => {
            let rule = "must have no `%`: OneLake would decode what follows it";
            Err(ProfileError::field(field, path, rule))
        }
        None => Ok(()),
    }
}

pub(super) fn check_layout(layout: &StorageLayout) -> Result<(), ProfileError> {
    let rule = "must be `default` on OneLake: names in folders are percent-encoded, and OneLake would decode them";
    let given = match layout {
        StorageLayout::Default => return Ok(()),
        StorageLayout::TabularOnly { .. } => "tabular-only",
        StorageLayout::FullHierarchy { .. } => "full-hierarchy",
    };
    Err(ProfileError::field("storage-layout", given, rule))
}

pub(super) fn refuse_account_key(credential: &AzureCredential) -> Result<(), ProfileError> {
    if let AzureCredential::SharedAccessKey { .. } = credential {
        let rule = "must be `client-credentials` or `azure-system-identity`: OneLake has no keys of accounts";
        let given = "shared-access-key";
        return Err(ProfileError::field("credential-type", given, rule));
    }
    Ok(())
}

impl OneLakeProfile {
    pub(in crate::profile) fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let mut profile: Self = read_fields(json)?;
        profile.check()?;
        Ok(profile)
    }

    /// Checks every field and brings it to its normal form.
    fn check(&mut self) -> Result<(), ProfileError> {
        const FOLDER: &str = "directory-rel-path";
        self.directory_rel_path = checked_folder(FOLDER, self.directory_rel_path.take())?;
        check_folder(FOLDER, self.directory_rel_path.as_deref())?;
        if let EndpointMode::Regional { region } = &mut self.endpoint_mode {
            *region = checked_region(region)?;
        }
        self.authority_host = checks::authority_host(self.authority_host.take())?;
        check_layout(self.layout())?;
        let lake = self.lake();
        checks::token_seconds(self.sas_token_validity_seconds, MAX_TOKEN_SECONDS)?;
        checks::base_location(&lake)
    }

    /// Refuses a credential that OneLake does not accept, or that the server's configuration does not allow.
    pub(in crate::profile) fn check_credential(
        &self,
        credential: &AzureCredential,
        policy: Policy,
    ) -> Result<(), ProfileError> {
        refuse_account_key(credential)?;
        check_identity(&self.lake(), credential, policy)
    }

    pub(crate) fn lake(&self) -> Lake {
        let workspace = self.workspace_id.simple().to_string();
        let (account, host) = match &self.endpoint_mode {
            EndpointMode::Default => (ACCOUNT.to_owned(), HOST.to_owned()),
            EndpointMode::Regional { region } => (format!("{region}-{ACCOUNT}"), HOST.to_owned()),
            EndpointMode::WorkspacePrivateLink => {
                let zone: String = workspace.chars().take(2).collect();
                (workspace, format!("z{zone}.{HOST}"))
            }
        };
        let folder = match self.top_level_folder {
            TopLevelFolder::Files => "Files",
            TopLevelFolder::Tables => "Tables",
        };
        let below = self.directory_rel_path.iter().map(String::as_str);
        let prefix: Vec<&str> = std::iter::once(folder).chain(below).collect();
        Lake {
            account,
            host,
            filesystem: self.workspace_id.to_string(),
            prefix: Some(format!("{}/{}", self.lakehouse_id, prefix.join("/"))),
            signed_account: ACCOUNT.to_owned(),
            authority_host: self.authority_host.clone(),
            token_validity: Duration::from_secs(
                self.sas_token_validity_seconds
                    .unwrap_or(DEFAULT_TOKEN_SECONDS),
            ),
            longest_key: Duration::from_secs(MAX_TOKEN_SECONDS),
        }
    }

    pub(in crate::profile) fn update_with(&self, mut new: Self) -> Result<Self, ProfileError> {
        let folder = |profile: &Self| profile.directory_rel_path.clone().unwrap_or_default();
        let id = |id: Uuid| id.to_string();
        unchanged(
            "workspace-id",
            &id(self.workspace_id),
            &id(new.workspace_id),
        )?;
        unchanged(
            "lakehouse-id",
            &id(self.lakehouse_id),
            &id(new.lakehouse_id),
        )?;
        let top = |profile: &Self| format!("{:?}", profile.top_level_folder);
        unchanged("top-level-folder", &top(self), &top(&new))?;
        unchanged("directory-rel-path", &folder(self), &folder(&new))?;
        let host = |profile: &Self| profile.lake().dfs_host();
        unchanged("endpoint-mode", &host(self), &host(&new))?;
        new.storage_layout = new.storage_layout.or_else(|| self.storage_layout.clone());
        Ok(new)
    }

    pub(in crate::profile) fn layout(&self) -> &StorageLayout {
        self.storage_layout
            .as_ref()
            .unwrap_or(&StorageLayout::Default)
    }

    /// Whether shared access signatures may be vended.
    pub fn is_sas_enabled(&self) -> bool {
        self.sas_enabled
    }
}

/// Checks the name of a region, which becomes a part of a host name.
fn checked_region(given: &str) -> Result<String, ProfileError> {
    let region = given.trim().to_ascii_lowercase();
    let is_name = region.starts_with(|c: char| c.is_ascii_lowercase())
        && region.len() <= 32
        && region
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if is_name {
        return Ok(region);
    }
    let rule = "must be the short name of an Azure region, such as `westus`";
    Err(ProfileError::field("endpoint-mode.region", given, rule))
}
