//! Credentials for Google Cloud Storage.

mod key;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::profile::ProfileError;

pub use key::GcsKey;

/// URL of Google's storage, without trailing slash.
pub(crate) const GOOGLE_STORAGE: &str = "https://storage.googleapis.com";
const GOOGLE_STS: &str = "https://sts.googleapis.com/v1/token";

/// A credential for Google Cloud Storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GcsCredential {
    /// The key of a service account.
    ServiceAccountKey(Box<GcsKey>),
    /// The service account of the machine that the server runs on; only for Google's own endpoints.
    SystemIdentity,
}

impl GcsCredential {
    /// Reads the fields of a credential with `"type": "gcs"`.
    pub(super) fn from_json(credential_type: &str, json: &Value) -> Result<Self, ProfileError> {
        match credential_type {
            "service-account-key" => {
                let key = json.get("key").unwrap_or(&Value::Null);
                GcsKey::from_json(key).map(|key| Self::ServiceAccountKey(Box::new(key)))
            }
            "gcp-system-identity" => Ok(Self::SystemIdentity),
            other => Err(ProfileError::field(
                "credential-type",
                other,
                "must be `service-account-key` or `gcp-system-identity`",
            )),
        }
    }

    /// The whole credential, with its secrets.
    pub(super) fn expose_json(&self) -> Value {
        let credential_type = self.credential_type();
        match self {
            Self::ServiceAccountKey(key) => {
                json!({"type": "gcs", "credential-type": credential_type, "key": key.expose_json()})
            }
            Self::SystemIdentity => json!({"type": "gcs", "credential-type": credential_type}),
        }
    }

    pub(super) fn credential_type(&self) -> &'static str {
        match self {
            Self::ServiceAccountKey(_) => "service-account-key",
            Self::SystemIdentity => "gcp-system-identity",
        }
    }

    /// URL of the storage, without trailing slash.
    pub(crate) fn storage_url(&self) -> &str {
        self.own_storage_url().unwrap_or(GOOGLE_STORAGE)
    }

    /// URL of the storage if it is not Google's: then engines must be told.
    pub(crate) fn own_storage_url(&self) -> Option<&str> {
        match self {
            Self::ServiceAccountKey(key) => {
                Some(key.storage_url()).filter(|url| *url != GOOGLE_STORAGE)
            }
            Self::SystemIdentity => None,
        }
    }

    /// URL of the service that narrows access tokens.
    pub(crate) fn sts_url(&self) -> &str {
        match self {
            Self::ServiceAccountKey(key) => key.sts_url(),
            Self::SystemIdentity => GOOGLE_STS,
        }
    }
}
