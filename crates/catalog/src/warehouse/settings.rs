//! Settings of a warehouse other than its storage, as they are stored.

use std::time::Duration;

use model::{Excerpt, Properties};
use objects::{StorageCredential, StorageProfile};
use serde::{Deserialize, Serialize};

use crate::{CatalogError, ErrorKind, Result, RuleErrorKind};

/// Longest grace period of soft deletion, in seconds.
const LONGEST_SECONDS: u64 = 100 * 365 * 24 * 3_600;

/// The property by which the creator of a table chooses its format version. It is not stored as a property.
const FORMAT_VERSION: &str = "format-version";

/// How tables and views are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DeleteProfile {
    /// A dropped table is removed at once.
    #[default]
    Hard,
    /// A dropped table can be undropped for a while.
    #[serde(rename_all = "kebab-case")]
    Soft {
        /// The grace period in seconds.
        #[serde(alias = "expiration_seconds")]
        expiration_seconds: u64,
    },
}

impl DeleteProfile {
    /// Refuses a soft profile for a table bucket, and a grace period that is too long.
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

    /// How long a dropped table can be undropped; `None` for a hard drop.
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
    /// The allowed versions, ascending.
    pub allowed: Vec<u8>,
    /// The version of a table whose creator names none.
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

    /// Sets the format version in the properties of a new table: the one that they name, otherwise the one for a
    /// table whose creator names none. Refuses a version that is not allowed.
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

    /// The version of a table whose creator names none: the configured default, otherwise 2 if allowed, otherwise the
    /// newest allowed one.
    fn of_unnamed(&self) -> u8 {
        let usual = || self.allowed.contains(&2).then_some(2);
        let newest = || self.allowed.iter().max().copied();
        self.default.or_else(usual).or_else(newest).unwrap_or(2)
    }
}

/// Who may change a warehouse's name, storage, rules and status, and delete it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManagedBy {
    /// Every caller with the right to.
    #[default]
    SelfManaged,
    /// Only the instance administrators that the server's configuration names.
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

/// Settings of a warehouse other than its storage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WarehouseSettings {
    /// How tables and views are dropped.
    pub delete_profile: DeleteProfile,
    /// Which format versions its tables may have.
    pub format_versions: FormatVersions,
    /// Who manages it.
    #[serde(default)]
    pub managed_by: ManagedBy,
    /// The kind of its storage credential, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialKind>,
}

/// The part of a storage credential that may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CredentialKind {
    /// The storage that it is for, such as `s3`.
    pub r#type: String,
    /// The kind of credential, such as `access-key`.
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
