//! Settings of a warehouse beside its storage, as they are stored.

use std::time::Duration;

use model::{Excerpt, Properties};
use objects::{StorageCredential, StorageProfile};
use serde::{Deserialize, Serialize};

use crate::{CatalogError, ErrorKind, Result, RuleErrorKind};

/// Longest time that what was dropped can be had back, in seconds.
const LONGEST_SECONDS: u64 = 100 * 365 * 24 * 3_600;

/// The property of a new table that says which format version it is to have. It is not kept as one.
const FORMAT_VERSION: &str = "format-version";

/// What a drop does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DeleteProfile {
    /// A dropped table is gone at once.
    #[default]
    Hard,
    /// A dropped table can be had back for a while.
    #[serde(rename_all = "kebab-case")]
    Soft {
        /// For so long.
        expiration_seconds: u64,
    },
}

impl DeleteProfile {
    /// Refuses what cannot be kept.
    pub(crate) fn check(self, profile: &StorageProfile) -> Result<Self> {
        match self {
            Self::Soft { .. } if profile.is_table_bucket() => Err(CatalogError::new(
                ErrorKind::NotSupported,
                "a table bucket deletes a table when it is dropped: delete-profile `soft` is not available for it; use \
                 `{\"type\":\"hard\"}`",
            )),
            Self::Soft { expiration_seconds } if expiration_seconds > LONGEST_SECONDS => {
                Err(CatalogError::bad_request(format!(
                    "expiration-seconds is {expiration_seconds}; it may be {LONGEST_SECONDS} (100 years) at most"
                )))
            }
            Self::Hard | Self::Soft { .. } => Ok(self),
        }
    }

    /// For how long what is dropped now can be had back, if it can.
    pub(crate) const fn grace(self) -> Option<Duration> {
        match self {
            Self::Hard => None,
            Self::Soft { expiration_seconds } => Some(Duration::from_secs(expiration_seconds)),
        }
    }
}

/// Which format versions the tables of a warehouse may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FormatVersions {
    /// Those that are allowed, ascending.
    pub allowed: Vec<u8>,
    /// That of a table whose creator names none.
    pub default: Option<u8>,
}

impl Default for FormatVersions {
    fn default() -> Self {
        Self {
            allowed: vec![1, 2, 3],
            default: None,
        }
    }
}

impl FormatVersions {
    /// Refuses versions that do not exist and a default that is not allowed.
    pub(crate) fn check(mut self) -> Result<Self> {
        self.allowed.sort_unstable();
        self.allowed.dedup();
        if self.allowed.is_empty()
            || self
                .allowed
                .iter()
                .any(|version| !(1..=3).contains(version))
        {
            let message = format!(
                "allowed-format-versions must be some of 1, 2 and 3, not {:?}",
                self.allowed
            );
            return Err(CatalogError::bad_request(message));
        }
        if let Some(version) = self
            .default
            .filter(|version| !self.allowed.contains(version))
        {
            let message = format!(
                "default-format-version {version} is not one of the allowed-format-versions {:?}",
                self.allowed
            );
            let kind = RuleErrorKind::DefaultFormatVersionNotAllowed.into();
            return Err(CatalogError::new(kind, message));
        }
        Ok(self)
    }

    /// Refuses a table of a version that is not allowed.
    pub(crate) fn check_table(&self, version: u8) -> Result<()> {
        if self.allowed.contains(&version) {
            return Ok(());
        }
        let message = format!(
            "format version {version} is not allowed in this warehouse; allowed are {:?}",
            self.allowed
        );
        Err(CatalogError::new(
            RuleErrorKind::FormatVersionNotAllowed.into(),
            message,
        ))
    }

    /// Says in the properties of a new table which version it is to have: the one that they name, if it is allowed, or that of a
    /// table whose creator names none.
    pub(crate) fn choose(&self, properties: &mut Properties) -> Result<()> {
        let version = match properties.get(FORMAT_VERSION).map(String::as_str) {
            None => self.of_unnamed(),
            Some("1" | "v1") => 1,
            Some("2" | "v2") => 2,
            Some("3" | "v3") => 3,
            Some(other) => {
                let shown = Excerpt(other);
                let message =
                    format!("property `{FORMAT_VERSION}` is `{shown}`; it must be 1, 2 or 3");
                return Err(CatalogError::new(
                    RuleErrorKind::InvalidFormatVersion.into(),
                    message,
                ));
            }
        };
        self.check_table(version)?;
        properties.insert(FORMAT_VERSION.to_owned(), version.to_string());
        Ok(())
    }

    /// Version 2 unless the policy says otherwise; where that is not allowed, the newest that is.
    fn of_unnamed(&self) -> u8 {
        let usual = || self.allowed.contains(&2).then_some(2);
        let newest = || self.allowed.iter().max().copied();
        self.default.or_else(usual).or_else(newest).unwrap_or(2)
    }
}

/// Who decides what a warehouse is: its name, storage and rules, whether it is served, and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManagedBy {
    /// Whoever has the right.
    #[default]
    SelfManaged,
    /// The administrators whom the server's configuration names, and nobody else.
    InstanceAdmin,
}

impl ManagedBy {
    /// As the management API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfManaged => "self-managed",
            Self::InstanceAdmin => "instance-admin",
        }
    }
}

/// Settings of a warehouse beside its storage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WarehouseSettings {
    /// What a drop does.
    pub delete_profile: DeleteProfile,
    /// Which format versions its tables may have.
    pub format_versions: FormatVersions,
    /// Who manages it.
    #[serde(default)]
    pub managed_by: ManagedBy,
    /// Of what kind its storage credential is, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialKind>,
}

/// What of a storage credential may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CredentialKind {
    /// Whose storage it is for, such as `s3`.
    pub r#type: String,
    /// What it consists of, such as `access-key`.
    pub credential_type: String,
}

impl CredentialKind {
    /// As the management API spells it.
    pub(crate) fn of(credential: &StorageCredential) -> Self {
        Self {
            r#type: credential.kind().to_owned(),
            credential_type: credential.credential_type().to_owned(),
        }
    }
}
