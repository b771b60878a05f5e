//! Credentials for storage: never shown, never serialised by accident.

mod azure;
mod gcs;
mod s3;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::given::refuse_unknown;
use crate::profile::ProfileError;
use crate::secret::Secret;

pub use azure::AzureCredential;
pub(crate) use gcs::GOOGLE_STORAGE;
pub use gcs::{GcsCredential, GcsKey};
pub use s3::{AccessKey, S3Credential};

/// The credential with which the server signs in to a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageCredential {
    /// For [`crate::StorageProfile::S3`].
    S3(S3Credential),
    /// For [`crate::StorageProfile::Gcs`].
    Gcs(GcsCredential),
    /// For [`crate::StorageProfile::Adls`] and [`crate::StorageProfile::OneLake`].
    Azure(AzureCredential),
}

impl StorageCredential {
    /// Reads a credential that a client sends. A field that no credential of its type has is refused.
    pub fn from_request(json: &Value) -> Result<Self, ProfileError> {
        let credential = Self::from_json(json)?;
        refuse_unknown("storage credential", json, &credential.json())?;
        Ok(credential)
    }

    /// Reads a credential from the JSON of the management API, or of [`Self::expose_json`].
    pub fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let text = |field: &'static str| {
            json.get(field)
                .and_then(Value::as_str)
                .ok_or_else(|| malformed(&format!("no `{field}`")))
        };
        let credential_type = || text("credential-type");
        match text("type")? {
            "s3" => S3Credential::from_json(credential_type()?, json).map(Self::S3),
            "gcs" => GcsCredential::from_json(credential_type()?, json).map(Self::Gcs),
            "az" => AzureCredential::from_json(credential_type()?, json).map(Self::Azure),
            kind @ "stackit" => Err(unsupported("type", kind, "`s3`, `gcs`, `az`")),
            other => Err(ProfileError::field(
                "type",
                other,
                "must be `s3`, `gcs` or `az`",
            )),
        }
    }

    /// The whole credential with its secrets, as [`Self::from_json`] reads it: only for storing it encrypted.
    pub fn expose_json(&self) -> Secret<String> {
        Secret::new(self.json().to_string())
    }

    fn json(&self) -> Value {
        match self {
            Self::S3(s3) => s3.expose_json(),
            Self::Gcs(gcs) => gcs.expose_json(),
            Self::Azure(azure) => azure.expose_json(),
        }
    }

    /// The credential's `type` in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::S3(_) => "s3",
            Self::Gcs(_) => "gcs",
            Self::Azure(_) => "az",
        }
    }

    /// The credential's `credential-type` in JSON.
    pub fn credential_type(&self) -> &'static str {
        match self {
            Self::S3(s3) => s3.credential_type(),
            Self::Gcs(gcs) => gcs.credential_type(),
            Self::Azure(azure) => azure.credential_type(),
        }
    }
}

fn malformed(reason: &str) -> ProfileError {
    ProfileError::Malformed {
        what: "storage credential",
        reason: reason.to_owned(),
    }
}

fn unsupported(field: &'static str, value: &str, supported: &'static str) -> ProfileError {
    ProfileError::Unsupported {
        field,
        value: crate::location::shortened(value),
        supported,
    }
}

/// Refuses values that cannot be a key, token or ID; blanks and line ends pasted along are the usual mistake.
fn check_part(field: &'static str, value: &str) -> Result<(), ProfileError> {
    const MAX_BYTES: usize = 1224;
    if value.is_empty() || value.len() > MAX_BYTES {
        let rule = format!("must have 1 to {MAX_BYTES} bytes, not {}", value.len());
        return Err(ProfileError::field(field, "[redacted]", rule));
    }
    if !value.chars().all(|c| c.is_ascii_graphic()) {
        let rule = "must have no blanks, line ends and non-ASCII characters";
        return Err(ProfileError::field(field, "[redacted]", rule));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for StorageCredential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        Self::from_json(&json).map_err(serde::de::Error::custom)
    }
}
