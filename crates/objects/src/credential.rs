//! Credentials for storage: never shown, never serialised by accident.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::profile::ProfileError;
use crate::secret::Secret;

const WHAT: &str = "storage credential";

/// What the server signs in to storage with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageCredential {
    /// For [`crate::StorageProfile::S3`].
    S3(S3Credential),
}

/// A credential for S3 and compatible stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum S3Credential {
    /// A static key.
    AccessKey {
        /// The key's public half.
        access_key_id: String,
        /// The key's secret half.
        secret_access_key: Secret<String>,
        /// What a role's trust policy may ask for when the key takes that role.
        external_id: Option<Secret<String>>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UncheckedAccessKey {
    #[serde(alias = "aws-access-key-id")]
    access_key_id: String,
    #[serde(alias = "aws-secret-access-key")]
    secret_access_key: String,
    #[serde(default)]
    external_id: Option<String>,
}

impl StorageCredential {
    /// Reads a credential from the JSON of the management API, or of [`Self::expose_json`].
    pub fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let text = |field: &'static str| {
            json.get(field)
                .and_then(Value::as_str)
                .ok_or_else(|| ProfileError::Malformed {
                    what: WHAT,
                    reason: format!("no `{field}`"),
                })
        };
        let unsupported = |field, value: &str, supported| {
            Err(ProfileError::Unsupported {
                field,
                value: crate::location::shortened(value),
                supported,
            })
        };
        match text("type")? {
            "s3" => {}
            kind @ ("az" | "gcs" | "stackit") => return unsupported("type", kind, "`s3`"),
            other => return Err(ProfileError::field("type", other, "must be `s3`")),
        }
        match text("credential-type")? {
            "access-key" => S3Credential::access_key(json).map(Self::S3),
            kind @ ("aws-system-identity" | "cloudflare-r2" | "aliyun-oss") => {
                unsupported("credential-type", kind, "`access-key`")
            }
            other => Err(ProfileError::field(
                "credential-type",
                other,
                "must be `access-key`",
            )),
        }
    }

    /// The whole credential with its secrets, as [`Self::from_json`] reads it: only for encrypting it
    /// into the store.
    pub fn expose_json(&self) -> Secret<String> {
        let Self::S3(S3Credential::AccessKey {
            access_key_id,
            secret_access_key,
            external_id,
        }) = self;
        let json = json!({
            "type": "s3",
            "credential-type": "access-key",
            "access-key-id": access_key_id,
            "secret-access-key": secret_access_key.expose(),
            "external-id": external_id.as_ref().map(Secret::expose),
        });
        Secret::new(json.to_string())
    }

    /// The credential's `type` in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::S3(_) => "s3",
        }
    }

    /// The credential's `credential-type` in JSON.
    pub fn credential_type(&self) -> &'static str {
        match self {
            Self::S3(S3Credential::AccessKey { .. }) => "access-key",
        }
    }
}

impl S3Credential {
    fn access_key(json: &Value) -> Result<Self, ProfileError> {
        // The reader's own message could quote a secret of the wrong type.
        let fields = UncheckedAccessKey::deserialize(json).map_err(|_| ProfileError::Malformed {
            what: WHAT,
            reason: "`access-key-id` and `secret-access-key` must be strings, `external-id` a string or null".to_owned(),
        })?;
        check_part("access-key-id", &fields.access_key_id)?;
        check_part("secret-access-key", &fields.secret_access_key)?;
        let external_id = fields.external_id.filter(|id| !id.is_empty());
        if let Some(id) = &external_id {
            check_part("external-id", id)?;
        }
        Ok(Self::AccessKey {
            access_key_id: fields.access_key_id,
            secret_access_key: Secret::new(fields.secret_access_key),
            external_id: external_id.map(Secret::new),
        })
    }
}

/// Refuses what no key has; pasted blanks and line ends are the usual mistake.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Value {
        json!({
            "type": "s3", "credential-type": "access-key",
            "access-key-id": "AKIAEXAMPLE", "secret-access-key": "hunter2", "external-id": "ext1",
        })
    }

    #[test]
    fn secrets_survive_storage_and_are_never_shown() {
        let credential = StorageCredential::from_json(&key()).unwrap();
        let stored = credential.expose_json();
        let again =
            StorageCredential::from_json(&serde_json::from_str(stored.expose()).unwrap()).unwrap();
        assert_eq!(again, credential);
        let shown = format!("{credential:?} {stored:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("ext1"),
            "{shown}"
        );
        assert_eq!(
            (credential.kind(), credential.credential_type()),
            ("s3", "access-key")
        );
    }

    #[test]
    fn the_names_of_todays_documents_are_read_too() {
        let credential = StorageCredential::from_json(&json!({
            "type": "s3", "credential-type": "access-key",
            "aws-access-key-id": "a", "aws-secret-access-key": "b",
        }));
        let StorageCredential::S3(S3Credential::AccessKey {
            access_key_id,
            secret_access_key,
            external_id,
        }) = credential.unwrap();
        assert_eq!(
            (access_key_id.as_str(), secret_access_key.expose().as_str()),
            ("a", "b")
        );
        assert_eq!(external_id, None);
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_value() {
        let table = [
            (
                "type",
                json!("gcs"),
                "`type` `gcs` is not supported by this build yet",
            ),
            ("type", json!("ftp"), "`type` is `ftp`: it must be `s3`"),
            ("type", Value::Null, "no `type`"),
            (
                "credential-type",
                json!("cloudflare-r2"),
                "`cloudflare-r2` is not supported by this build yet",
            ),
            (
                "credential-type",
                json!("aws-system-identity"),
                "not supported by this build yet",
            ),
            (
                "credential-type",
                json!("password"),
                "it must be `access-key`",
            ),
            (
                "access-key-id",
                json!(""),
                "must have 1 to 1224 bytes, not 0",
            ),
            ("access-key-id", Value::Null, "must be strings"),
            (
                "secret-access-key",
                json!("hunter2 "),
                "`secret-access-key` is `[redacted]`: it must have no blanks",
            ),
            ("secret-access-key", json!(["hunter2"]), "must be strings"),
            (
                "external-id",
                json!("hunter2\n"),
                "`external-id` is `[redacted]`",
            ),
        ];
        for (field, value, expected) in table {
            let mut json = key();
            json[field] = value;
            let error = StorageCredential::from_json(&json).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(expected), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
