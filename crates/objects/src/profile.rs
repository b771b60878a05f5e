//! Storage profiles: where a warehouse keeps its files, as the management API writes it.
//!
//! A profile that exists is valid: its fields are checked while it is read from JSON, in requests
//! and from the store alike.

mod adls;
mod error;
#[cfg(test)]
mod fields;
mod gcs;
mod layout;
mod local;
mod policy;
mod s3;
#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::credential::StorageCredential;
use crate::given::refuse_unknown;
use crate::location::{Location, LocationError, LocationProblem, Scheme};

pub(crate) use adls::Lake;
pub use adls::{AdlsProfile, EndpointMode, OneLakeProfile, TopLevelFolder};
pub use error::ProfileError;
pub use gcs::GcsProfile;
pub use layout::{LayoutName, StorageLayout};
pub use local::LocalProfile;
pub use policy::{
    AwsIdentity, AwsIdentityRules, AzureIdentity, BulkDeletes, DirectUse, ExternalIds, GcpIdentity,
    LocalStorage, Policy,
};
pub(crate) use s3::{Partition, is_amazons_s3};
pub use s3::{S3Flavor, S3Profile, S3TablesProfile, SigningUrlStyle};

/// Name of the one store that a memory profile opens.
const MEMORY_STORE: &str = "warehouse";

/// Where a warehouse keeps its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum StorageProfile {
    /// A folder of the server's own file system.
    Local(LocalProfile),
    /// A bucket of S3 or of a store that speaks its protocol.
    S3(Box<S3Profile>),
    /// A table bucket of S3 Tables.
    S3Tables(Box<S3TablesProfile>),
    /// A bucket of Google Cloud Storage.
    Gcs(GcsProfile),
    /// A filesystem of Azure Data Lake Storage Gen2.
    Adls(Box<AdlsProfile>),
    /// A lakehouse of Microsoft Fabric.
    #[serde(rename = "onelake")]
    OneLake(Box<OneLakeProfile>),
    /// Memory of the process: for tests. Each [`crate::open`] makes an empty store of its own.
    Memory,
}

/// How a warehouse deletes tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionMode {
    /// Dropped tables are gone at once.
    Hard,
    /// Dropped tables can be restored for a while.
    Soft,
}

impl StorageProfile {
    /// Reads a profile that a client sends. A field that no profile of its type has is refused.
    pub fn from_request(json: &Value) -> Result<Self, ProfileError> {
        const WHAT: &str = "storage profile";
        let profile = Self::from_json(json)?;
        let read = serde_json::to_value(&profile).map_err(|error| ProfileError::Malformed {
            what: WHAT,
            reason: error.to_string(),
        })?;
        refuse_unknown(WHAT, json, &read)?;
        let layouts = [json, &read].map(|profile| profile.get("storage-layout"));
        if let [Some(given), Some(read)] = layouts {
            refuse_unknown("storage layout", given, read)?;
        }
        Ok(profile)
    }

    /// Reads a profile from the JSON of the management API or of the store.
    pub fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let malformed = |reason: String| ProfileError::Malformed {
            what: "storage profile",
            reason,
        };
        let kind = json
            .get("type")
            .and_then(Value::as_str)
            .ok_or_else(|| malformed("no `type`".to_owned()))?;
        match kind {
            "local" => LocalProfile::from_json(json).map(Self::Local),
            "s3" => S3Profile::from_json(json).map(|profile| Self::S3(Box::new(profile))),
            "s3-tables" => {
                S3TablesProfile::from_json(json).map(|tables| Self::S3Tables(Box::new(tables)))
            }
            "gcs" => GcsProfile::from_json(json).map(Self::Gcs),
            "adls" | "azdls" => {
                AdlsProfile::from_json(json).map(|profile| Self::Adls(Box::new(profile)))
            }
            "onelake" => {
                OneLakeProfile::from_json(json).map(|profile| Self::OneLake(Box::new(profile)))
            }
            "memory" => Ok(Self::Memory),
            "stackit" => Err(ProfileError::Unsupported {
                field: "type",
                value: kind.to_owned(),
                supported: "`s3`, `s3-tables`, `gcs`, `adls`, `onelake`, `local`",
            }),
            other => Err(ProfileError::field(
                "type",
                other,
                "must be `s3`, `s3-tables`, `gcs`, `adls`, `onelake` or `local`",
            )),
        }
    }

    /// The profile's `type` in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Local(_) => "local",
            Self::S3(_) => "s3",
            Self::S3Tables(_) => "s3-tables",
            Self::Gcs(_) => "gcs",
            Self::Adls(_) => "adls",
            Self::OneLake(_) => "onelake",
            Self::Memory => "memory",
        }
    }

    /// Refuses a kind of storage that the server's configuration does not allow.
    pub fn validate(&self, policy: &Policy) -> Result<(), ProfileError> {
        match (self, policy.local_enabled) {
            (Self::Local(_) | Self::Memory, LocalStorage::Refused) => Err(ProfileError::Refused {
                kind: self.kind(),
                remedy: "set LAKEKEEPER__ENABLE_LOCAL_STORAGE=true where all engines share the server's file system",
            }),
            _ => Ok(()),
        }
    }

    /// Refuses settings that a new warehouse may no longer have.
    pub fn check_new(&self) -> Result<(), ProfileError> {
        match self {
            Self::Adls(adls) => adls.check_new(),
            _ => Ok(()),
        }
    }

    /// Refuses a credential that does not fit the profile, or that the server's configuration does not allow for it.
    pub fn validate_credential(
        &self,
        credential: Option<&StorageCredential>,
        policy: &Policy,
    ) -> Result<(), ProfileError> {
        match (self, credential) {
            (Self::S3(s3), Some(StorageCredential::S3(credential))) => {
                s3.check_credential(credential, *policy)
            }
            (Self::S3Tables(tables), Some(StorageCredential::S3(credential))) => {
                tables.check_credential(credential, *policy)
            }
            (Self::Gcs(_), Some(StorageCredential::Gcs(credential))) => {
                gcs::check_credential(credential, policy.gcp_identity)
            }
            (Self::Adls(adls), Some(StorageCredential::Azure(credential))) => {
                adls.check_credential(credential, *policy)
            }
            (Self::OneLake(onelake), Some(StorageCredential::Azure(credential))) => {
                onelake.check_credential(credential, *policy)
            }
            // A credential of another type is refused by `open`.
            _ => Ok(()),
        }
    }

    /// The profile as it is stored together with `credential`.
    ///
    /// Cloudflare R2 and Alibaba Cloud OSS leave no choice in `flavor` and `sts-enabled`, and R2 has no roles: these
    /// fields are set, as in today's Lakekeeper.
    #[must_use]
    pub fn adjusted_for(self, credential: Option<&StorageCredential>) -> Self {
        match (self, credential) {
            (Self::S3(s3), Some(StorageCredential::S3(credential))) => {
                Self::S3(Box::new(s3.adjusted_for(credential)))
            }
            (profile, _) => profile,
        }
    }

    /// Whether the storage keeps tables itself: then it, not the catalog, decides which tables exist and how they are
    /// named.
    #[must_use]
    pub fn is_table_bucket(&self) -> bool {
        matches!(self, Self::S3Tables(_))
    }

    /// The folder that contains all tables of the warehouse.
    pub fn base_location(&self) -> Location {
        match self {
            Self::Local(local) => local.base_location(),
            Self::S3(s3) => s3.base_location(),
            Self::S3Tables(tables) => tables.base_location(),
            Self::Gcs(gcs) => gcs.base_location(),
            Self::Adls(adls) => adls.lake().base_location(),
            Self::OneLake(onelake) => onelake.lake().base_location(),
            Self::Memory => Location::from_checked(Scheme::Memory, MEMORY_STORE, ""),
        }
    }

    /// Parses a location that a client proposes and checks that this warehouse may use it.
    ///
    /// A bare path (`/x`) and `file:/x` mean the same for a local profile.
    pub fn parse_location(&self, given: &str) -> Result<Location, LocationError> {
        let location = Location::parse(given)?;
        self.check_location(&location)?;
        Ok(location)
    }

    /// Refuses a location whose scheme is not allowed here, or that is not within the base location.
    pub fn check_location(&self, location: &Location) -> Result<(), LocationError> {
        let (accepted, is_accepted) = match (self, location.scheme()) {
            (Self::S3Tables(tables), _) => return tables.check_location(location),
            (Self::Local(_), scheme) => ("`file:///`", scheme == Scheme::File),
            (Self::Memory, scheme) => ("`memory://`", scheme == Scheme::Memory),
            (Self::S3(s3), scheme) => s3.accepts(scheme),
            (Self::Gcs(_), scheme) => ("`gs://`", scheme == Scheme::Gs),
            (Self::Adls(adls), scheme) => adls.accepts(scheme),
            (Self::OneLake(_), scheme) => ("`abfss://`", scheme == Scheme::Abfss),
        };
        if !is_accepted {
            let found = location.scheme().as_str();
            return Err(LocationError::new(
                location.as_str(),
                LocationProblem::SchemeRefused { found, accepted },
            ));
        }
        match self {
            Self::Adls(adls) => adls.check_location(location)?,
            Self::OneLake(_) => adls::onelake::check_location(location)?,
            _ => {}
        }
        let base = self.base_location();
        if location.is_within(&base) {
            Ok(())
        } else {
            let base = base.as_str().to_owned();
            Err(LocationError::new(
                location.as_str(),
                LocationProblem::Outside { base },
            ))
        }
    }

    /// The profile after an update to `new`, which may change everything except where the data is.
    ///
    /// As in today's Lakekeeper: the type and the parts of the base location stay; the region stays unless `new`
    /// names an endpoint (then the region does not locate the bucket); alternative protocols and the layout are kept
    /// if `new` does not mention them.
    pub fn update_with(&self, new: Self) -> Result<Self, ProfileError> {
        match (self, new) {
            (Self::Local(old), Self::Local(new)) => old.update_with(new).map(Self::Local),
            (Self::S3(old), Self::S3(new)) => {
                old.update_with(*new).map(|s3| Self::S3(Box::new(s3)))
            }
            (Self::S3Tables(old), Self::S3Tables(new)) => old
                .update_with(*new)
                .map(|tables| Self::S3Tables(Box::new(tables))),
            (Self::Gcs(old), Self::Gcs(new)) => old.update_with(new).map(Self::Gcs),
            (Self::Adls(old), Self::Adls(new)) => {
                old.update_with(*new).map(|adls| Self::Adls(Box::new(adls)))
            }
            (Self::OneLake(old), Self::OneLake(new)) => old
                .update_with(*new)
                .map(|onelake| Self::OneLake(Box::new(onelake))),
            (Self::Memory, Self::Memory) => Ok(Self::Memory),
            (old, new) => Err(ProfileError::Immutable {
                field: "type",
                from: old.kind().to_owned(),
                to: new.kind().to_owned(),
            }),
        }
    }

    /// What an engine needs to reach the storage, apart from credentials: the `config` of a loaded
    /// table.
    pub fn client_config(&self) -> Vec<(String, String)> {
        match self {
            // The endpoint and project of GCS are in its credential: they come with vended tokens.
            Self::Local(_) | Self::Gcs(_) | Self::Memory => Vec::new(),
            Self::S3(s3) => s3.client_config(),
            Self::S3Tables(tables) => tables.client_config(),
            Self::Adls(adls) => adls.lake().client_config(),
            Self::OneLake(onelake) => onelake.lake().client_config(),
        }
    }

    /// Properties that tell an engine where to get new credentials before the vended ones expire.
    pub fn refresh_config(&self, endpoint: &str) -> Vec<(String, String)> {
        let prefix = match self {
            Self::Local(_) | Self::Memory => return Vec::new(),
            Self::S3(_) | Self::S3Tables(_) => "client",
            Self::Gcs(_) => "gcs.oauth2",
            Self::Adls(_) | Self::OneLake(_) => "adls",
        };
        [("enabled", "true"), ("endpoint", endpoint)]
            .map(|(name, value)| {
                (
                    format!("{prefix}.refresh-credentials-{name}"),
                    value.to_owned(),
                )
            })
            .into()
    }

    /// What an engine needs before it has loaded any table: `defaults` of `GET /v1/config`.
    ///
    /// With soft deletion and `push-s3-delete-disabled`, engines are told not to delete files: otherwise `DROP …
    /// PURGE` in Spark would delete the files of a table that can still be restored.
    pub fn catalog_defaults(&self, deletion: DeletionMode) -> Vec<(String, String)> {
        match self {
            Self::S3(s3) => s3.catalog_defaults(deletion),
            _ => Vec::new(),
        }
    }

    /// How folders are named below the base location.
    pub fn layout(&self) -> &StorageLayout {
        match self {
            Self::S3Tables(_) | Self::Memory => &StorageLayout::Default,
            Self::Local(local) => local.layout(),
            Self::S3(s3) => s3.layout(),
            Self::Gcs(gcs) => gcs.layout(),
            Self::Adls(adls) => adls.layout(),
            Self::OneLake(onelake) => onelake.layout(),
        }
    }

    /// The globally unique address of the warehouse's files, without a `/` at its end: two warehouses share files if
    /// the address of one is equal to that of the other or, by whole segments, below it.
    ///
    /// [`StorageProfile::base_location`] is not enough for that: it does not say at which provider an S3 bucket is,
    /// and OneLake has several names for a folder.
    #[must_use]
    pub fn base_address(&self) -> String {
        match self {
            Self::S3(s3) => s3.base_address(),
            Self::S3Tables(tables) => tables.base_address(),
            Self::Adls(adls) => adls.lake().base_address(),
            Self::OneLake(onelake) => onelake.lake().base_address(),
            // Bucket names are unique within all of Google Cloud.
            Self::Local(_) | Self::Gcs(_) | Self::Memory => {
                self.base_location().normalized().to_owned()
            }
        }
    }
}

impl<'de> Deserialize<'de> for StorageProfile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        Self::from_json(&json).map_err(serde::de::Error::custom)
    }
}

/// The fields of a profile, unchecked.
fn read_fields<T: DeserializeOwned>(json: &Value) -> Result<T, ProfileError> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let (field, error) = (error.path().to_string(), error.inner());
        ProfileError::Malformed {
            what: "storage profile",
            // A missing field has no path; the message names it.
            reason: match field.as_str() {
                "." => error.to_string(),
                field => format!("`{field}`: {error}"),
            },
        }
    })
}

/// The default of fields that are on unless switched off.
fn yes() -> bool {
    true
}

/// Refuses an update of a field that locates the data of existing tables.
fn unchanged(field: &'static str, from: &str, to: &str) -> Result<(), ProfileError> {
    if from == to {
        return Ok(());
    }
    Err(ProfileError::Immutable {
        field,
        from: from.to_owned(),
        to: to.to_owned(),
    })
}

fn unchanged_key_prefix(from: Option<&str>, to: Option<&str>) -> Result<(), ProfileError> {
    unchanged(
        "key-prefix",
        from.unwrap_or_default(),
        to.unwrap_or_default(),
    )
}

/// A key prefix without slashes at its ends; `None` when nothing is left.
///
/// Its bytes are limited so that a table's files below it still fit into a key.
fn checked_key_prefix(given: Option<String>) -> Result<Option<String>, ProfileError> {
    checked_folder("key-prefix", given)
}

/// Like [`checked_key_prefix`], for a field of another name.
fn checked_folder(
    field: &'static str,
    given: Option<String>,
) -> Result<Option<String>, ProfileError> {
    const MAX_BYTES: usize = 896;
    let Some(given) = given else { return Ok(None) };
    let prefix = given.trim().trim_matches('/');
    if prefix.is_empty() {
        return Ok(None);
    }
    if prefix.len() > MAX_BYTES {
        let rule = format!("must have at most {MAX_BYTES} bytes, not {}", prefix.len());
        return Err(ProfileError::field(field, prefix, rule));
    }
    // The strict grammar of locations, with an arbitrary bucket in front.
    Location::parse(&format!("s3://bucket/{prefix}")).map_err(|e| {
        ProfileError::field(field, prefix, format!("cannot be used: it {}", e.problem))
    })?;
    Ok(Some(prefix.to_owned()))
}
