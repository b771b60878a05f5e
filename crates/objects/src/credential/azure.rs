//! Credentials for storage on Azure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{check_part, malformed};
use crate::profile::ProfileError;
use crate::secret::Secret;

/// A credential for Azure Data Lake Storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AzureCredential {
    /// A service principal of Entra ID with a secret.
    ClientCredentials {
        /// The application's id.
        client_id: String,
        /// The directory of the application: its ID or one of its domains.
        tenant_id: String,
        /// The application's secret.
        client_secret: Secret<String>,
    },
    /// The key of the storage account, in base64.
    SharedAccessKey {
        /// One of the account's two keys.
        key: Secret<String>,
    },
    /// The server's own identity on Azure: a workload identity, or a managed identity.
    SystemIdentity,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UncheckedClient {
    client_id: String,
    tenant_id: String,
    client_secret: String,
}

impl AzureCredential {
    /// Reads the fields of a credential with `"type": "az"`.
    pub(super) fn from_json(credential_type: &str, json: &Value) -> Result<Self, ProfileError> {
        match credential_type {
            "client-credentials" => Self::client(json),
            "shared-access-key" => Self::key(json),
            "azure-system-identity" => Ok(Self::SystemIdentity),
            other => Err(ProfileError::field(
                "credential-type",
                other,
                "must be `client-credentials`, `shared-access-key` or `azure-system-identity`",
            )),
        }
    }

    /// The whole credential, with its secrets.
    pub(super) fn expose_json(&self) -> Value {
        let credential_type = self.credential_type();
        match self {
            Self::ClientCredentials {
                client_id,
                tenant_id,
                client_secret,
            } => json!({
                "type": "az",
                "credential-type": credential_type,
                "client-id": client_id,
                "tenant-id": tenant_id,
                "client-secret": client_secret.expose(),
            }),
            Self::SharedAccessKey { key } => {
                json!({"type": "az", "credential-type": credential_type, "key": key.expose()})
            }
            Self::SystemIdentity => json!({"type": "az", "credential-type": credential_type}),
        }
    }

    pub(super) fn credential_type(&self) -> &'static str {
        match self {
            Self::ClientCredentials { .. } => "client-credentials",
            Self::SharedAccessKey { .. } => "shared-access-key",
            Self::SystemIdentity => "azure-system-identity",
        }
    }

    fn client(json: &Value) -> Result<Self, ProfileError> {
        // The message of the JSON reader could quote a secret that has the wrong type.
        let fields = UncheckedClient::deserialize(json).map_err(|_| {
            malformed("`client-id`, `tenant-id` and `client-secret` must be strings")
        })?;
        check_part("client-id", &fields.client_id)?;
        check_tenant(&fields.tenant_id)?;
        check_part("client-secret", &fields.client_secret)?;
        Ok(Self::ClientCredentials {
            client_id: fields.client_id,
            tenant_id: fields.tenant_id,
            client_secret: Secret::new(fields.client_secret),
        })
    }

    fn key(json: &Value) -> Result<Self, ProfileError> {
        const FIELD: &str = "key";
        let key = json
            .get(FIELD)
            .and_then(Value::as_str)
            .ok_or_else(|| malformed("`key` must be a string"))?;
        check_part(FIELD, key)?;
        if STANDARD.decode(key).is_err() {
            let rule = "must be a key of the storage account, in base64 as Azure shows it";
            return Err(ProfileError::field(FIELD, "[redacted]", rule));
        }
        Ok(Self::SharedAccessKey {
            key: Secret::new(key.to_owned()),
        })
    }
}

/// Checks the tenant, which becomes a part of the URL to which the secret is sent.
fn check_tenant(tenant: &str) -> Result<(), ProfileError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if (1..=253).contains(&tenant.len())
        && tenant.chars().all(is_allowed)
        && tenant.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Ok(());
    }
    let rule = "must be the id or a domain of a directory of Entra ID";
    Err(ProfileError::field("tenant-id", tenant, rule))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StorageCredential;

    fn client() -> Value {
        json!({
            "type": "az", "credential-type": "client-credentials",
            "client-id": "app-1", "tenant-id": "contoso.onmicrosoft.com", "client-secret": "hunter2",
        })
    }

    fn key() -> Value {
        json!({"type": "az", "credential-type": "shared-access-key", "key": "aHVudGVyMg=="})
    }

    #[test]
    fn secrets_survive_storage_and_are_never_shown() {
        let identity = json!({"type": "az", "credential-type": "azure-system-identity"});
        for json in [client(), key(), identity] {
            let credential = StorageCredential::from_json(&json).unwrap();
            let stored = credential.expose_json();
            let again: Value = serde_json::from_str(stored.expose()).unwrap();
            assert_eq!(again, json);
            assert_eq!(StorageCredential::from_json(&again).unwrap(), credential);
            let shown = format!("{credential:?} {stored:?}");
            assert!(
                !shown.contains("hunter2") && !shown.contains("aHVudGVyMg"),
                "{shown}"
            );
            assert_eq!(credential.kind(), "az");
            assert_eq!(credential.credential_type(), json["credential-type"]);
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_secret() {
        let table = [
            (
                client(),
                "credential-type",
                json!("password"),
                "it must be `client-credentials`, ",
            ),
            (client(), "client-id", json!("a b"), "must have no blanks"),
            (client(), "client-id", Value::Null, "must be strings"),
            (
                client(),
                "tenant-id",
                json!("a/b"),
                "`tenant-id` is `a/b`: it must be the id",
            ),
            (
                client(),
                "tenant-id",
                json!(".."),
                "must be the id or a domain",
            ),
            (
                client(),
                "tenant-id",
                json!(""),
                "must be the id or a domain",
            ),
            (
                client(),
                "client-secret",
                json!(""),
                "must have 1 to 1224 bytes, not 0",
            ),
            (
                client(),
                "client-secret",
                json!("hunter2\n"),
                "`client-secret` is `[redacted]`",
            ),
            (
                client(),
                "client-secret",
                json!(["hunter2"]),
                "must be strings",
            ),
            (
                key(),
                "key",
                json!("hunter2!"),
                "`key` is `[redacted]`: it must be a key of",
            ),
            (key(), "key", json!(["hunter2"]), "`key` must be a string"),
        ];
        for (mut json, field, value, expected) in table {
            json[field] = value;
            let error = StorageCredential::from_json(&json).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(expected), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
