//! Credentials for S3 and compatible stores.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{check_part, malformed};
use crate::profile::ProfileError;
use crate::secret::Secret;

/// A credential for S3 and compatible stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum S3Credential {
    /// A static key.
    AccessKey {
        /// The key.
        key: AccessKey,
        /// The external ID that a role's trust policy may require when the key assumes the role.
        external_id: Option<Secret<String>>,
    },
    /// The server's own identity on AWS, from its environment: variables, a web identity, a container or an instance.
    AwsSystemIdentity {
        /// The external ID that a role's trust policy may require when the identity assumes the role.
        external_id: Option<Secret<String>>,
    },
    /// For R2, whose temporary credentials come from Cloudflare's own API.
    CloudflareR2 {
        /// The account that owns the bucket.
        account_id: String,
        /// The key for the server's own access, and the parent of vended keys.
        key: AccessKey,
        /// A token for Cloudflare's API.
        token: Secret<String>,
    },
    /// For Alibaba Cloud OSS, whose token service has signatures of its own.
    AliyunOss {
        /// The key of a RAM user.
        key: AccessKey,
        /// The external ID that a role's trust policy may require when the user assumes the role.
        external_id: Option<Secret<String>>,
    },
}

/// A key that does not expire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Its public half.
    pub id: String,
    /// Its secret half.
    pub secret: Secret<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UncheckedKey {
    #[serde(alias = "aws-access-key-id")]
    access_key_id: String,
    #[serde(alias = "aws-secret-access-key")]
    secret_access_key: String,
}

impl S3Credential {
    /// Reads the fields of a credential with `"type": "s3"`.
    pub(super) fn from_json(credential_type: &str, json: &Value) -> Result<Self, ProfileError> {
        match credential_type {
            "access-key" => Ok(Self::AccessKey {
                key: AccessKey::from_json(json)?,
                external_id: external_id(json)?,
            }),
            "aws-system-identity" => Ok(Self::AwsSystemIdentity {
                external_id: external_id(json)?,
            }),
            "cloudflare-r2" => Ok(Self::CloudflareR2 {
                account_id: account_id(json)?,
                key: AccessKey::from_json(json)?,
                token: Secret::new(text(json, "token")?),
            }),
            "aliyun-oss" => Ok(Self::AliyunOss {
                key: AccessKey::from_json(json)?,
                external_id: external_id(json)?,
            }),
            other => Err(ProfileError::field(
                "credential-type",
                other,
                "must be `access-key`, `aws-system-identity`, `cloudflare-r2` or `aliyun-oss`",
            )),
        }
    }

    /// The whole credential, with its secrets.
    pub(super) fn expose_json(&self) -> Value {
        let (kind, credential_type) = ("s3", self.credential_type());
        match self {
            Self::AccessKey { key, external_id } | Self::AliyunOss { key, external_id } => json!({
                "type": kind,
                "credential-type": credential_type,
                "access-key-id": key.id,
                "secret-access-key": key.secret.expose(),
                "external-id": external_id.as_ref().map(Secret::expose),
            }),
            Self::AwsSystemIdentity { external_id } => json!({
                "type": kind,
                "credential-type": credential_type,
                "external-id": external_id.as_ref().map(Secret::expose),
            }),
            Self::CloudflareR2 {
                account_id,
                key,
                token,
            } => json!({
                "type": kind,
                "credential-type": credential_type,
                "account-id": account_id,
                "access-key-id": key.id,
                "secret-access-key": key.secret.expose(),
                "token": token.expose(),
            }),
        }
    }

    pub(crate) fn credential_type(&self) -> &'static str {
        match self {
            Self::AccessKey { .. } => "access-key",
            Self::AwsSystemIdentity { .. } => "aws-system-identity",
            Self::CloudflareR2 { .. } => "cloudflare-r2",
            Self::AliyunOss { .. } => "aliyun-oss",
        }
    }

    /// The external ID that is sent when a role is assumed.
    pub(crate) fn external_id(&self) -> Option<&Secret<String>> {
        match self {
            Self::AccessKey { external_id, .. }
            | Self::AwsSystemIdentity { external_id }
            | Self::AliyunOss { external_id, .. } => external_id.as_ref(),
            Self::CloudflareR2 { .. } => None,
        }
    }
}

impl AccessKey {
    fn from_json(json: &Value) -> Result<Self, ProfileError> {
        // The message of the JSON reader could quote a secret that has the wrong type.
        let UncheckedKey {
            access_key_id,
            secret_access_key,
        } = UncheckedKey::deserialize(json).map_err(|_| {
            malformed("`access-key-id` and `secret-access-key` must be there, as strings")
        })?;
        check_part("access-key-id", &access_key_id)?;
        check_part("secret-access-key", &secret_access_key)?;
        Ok(Self {
            id: access_key_id,
            secret: Secret::new(secret_access_key),
        })
    }
}

fn text(json: &Value, field: &'static str) -> Result<String, ProfileError> {
    let Some(given) = json.get(field).and_then(Value::as_str) else {
        return Err(malformed(&format!("`{field}` must be there, as a string")));
    };
    check_part(field, given)?;
    Ok(given.to_owned())
}

/// The external ID; `None` if it is absent, `null` or empty.
fn external_id(json: &Value) -> Result<Option<Secret<String>>, ProfileError> {
    match json.get("external-id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if id.is_empty() => Ok(None),
        Some(_) => text(json, "external-id").map(|id| Some(Secret::new(id))),
    }
}

/// The account ID, checked because it becomes a part of a URL.
fn account_id(json: &Value) -> Result<String, ProfileError> {
    let id = text(json, "account-id")?;
    if id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(id);
    }
    let rule =
        "must be Cloudflare's account id: letters and digits, as in the host of the endpoint";
    Err(ProfileError::field("account-id", &id, rule))
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
        for kind in [
            "access-key",
            "aws-system-identity",
            "cloudflare-r2",
            "aliyun-oss",
        ] {
            let mut json = key();
            json["credential-type"] = json!(kind);
            json["account-id"] = json!("0a1b");
            json["token"] = json!("hunter2-token");
            let credential = StorageCredential::from_json(&json).unwrap();
            let stored = credential.expose_json();
            let read = serde_json::from_str(stored.expose()).unwrap();
            assert_eq!(StorageCredential::from_json(&read).unwrap(), credential);
            let shown = format!("{credential:?} {stored:?}");
            assert!(
                !shown.contains("hunter2") && !shown.contains("ext1"),
                "{shown}"
            );
            assert_eq!(
                (credential.kind(), credential.credential_type()),
                ("s3", kind)
            );
        }
    }

    #[test]
    fn an_account_id_cannot_lead_elsewhere() {
        let mut json = key();
        json["credential-type"] = json!("cloudflare-r2");
        json["token"] = json!("t");
        json["account-id"] = json!("../../user/tokens");
        let error = StorageCredential::from_json(&json).unwrap_err().to_string();
        assert!(error.contains("must be Cloudflare's account id"), "{error}");
    }

    #[test]
    fn the_names_of_todays_documents_are_read_too() {
        let credential = StorageCredential::from_json(&json!({
            "type": "s3", "credential-type": "access-key",
            "aws-access-key-id": "a", "aws-secret-access-key": "b",
        }));
        let key = AccessKey {
            id: "a".to_owned(),
            secret: Secret::new("b".to_owned()),
        };
        let external_id = None;
        assert_eq!(
            credential.unwrap(),
            StorageCredential::S3(S3Credential::AccessKey { key, external_id })
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_value() {
        let table = [
            (
                "type",
                json!("stackit"),
                "`type` `stackit` is not supported by this build yet",
            ),
            (
                "type",
                json!("ftp"),
                "`type` is `ftp`: it must be `s3`, `gcs` or `az`",
            ),
            ("type", Value::Null, "no `type`"),
            (
                "credential-type",
                json!("cloudflare-r2"),
                "`account-id` must be there",
            ),
            (
                "credential-type",
                json!("password"),
                "it must be `access-key`, `aws-system-identity`, `cloudflare-r2` or `aliyun-oss`",
            ),
            (
                "access-key-id",
                json!(""),
                "must have 1 to 1224 bytes, not 0",
            ),
            ("access-key-id", Value::Null, "must be there, as strings"),
            (
                "secret-access-key",
                json!("hunter2 "),
                "`secret-access-key` is `[redacted]`: it must have no blanks",
            ),
            (
                "secret-access-key",
                json!(["hunter2"]),
                "must be there, as strings",
            ),
            (
                "external-id",
                json!("hunter2\n"),
                "`external-id` is `[redacted]`",
            ),
            (
                "external-id",
                json!(["hunter2"]),
                "`external-id` must be there, as a string",
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
