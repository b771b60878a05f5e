//! Credentials for S3 and the stores that speak its protocol.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{check_part, malformed, unsupported};
use crate::profile::ProfileError;
use crate::secret::Secret;

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

impl S3Credential {
    /// Reads what follows `"type": "s3"`.
    pub(super) fn from_json(credential_type: &str, json: &Value) -> Result<Self, ProfileError> {
        match credential_type {
            "access-key" => Self::access_key(json),
            kind @ ("aws-system-identity" | "cloudflare-r2" | "aliyun-oss") => {
                Err(unsupported("credential-type", kind, "`access-key`"))
            }
            other => Err(ProfileError::field(
                "credential-type",
                other,
                "must be `access-key`",
            )),
        }
    }

    /// With its secrets.
    pub(super) fn expose_json(&self) -> Value {
        let Self::AccessKey {
            access_key_id,
            secret_access_key,
            external_id,
        } = self;
        json!({
            "type": "s3",
            "credential-type": self.credential_type(),
            "access-key-id": access_key_id,
            "secret-access-key": secret_access_key.expose(),
            "external-id": external_id.as_ref().map(Secret::expose),
        })
    }

    pub(super) fn credential_type(&self) -> &'static str {
        match self {
            Self::AccessKey { .. } => "access-key",
        }
    }

    fn access_key(json: &Value) -> Result<Self, ProfileError> {
        // The reader's own message could quote a secret of the wrong type.
        let fields = UncheckedAccessKey::deserialize(json).map_err(|_| {
            malformed("`access-key-id` and `secret-access-key` must be strings, `external-id` a string or null")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StorageCredential;

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
