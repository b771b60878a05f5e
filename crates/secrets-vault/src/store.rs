//! Stores secrets in Vault at `<mount>/data/secret/<id>`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::SecretId;
use secrets::{Ledger, Plaintext, SecretError, SecretStore, check_length};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::client::{Answer, Call, Client, InNamespace};
use crate::session::Session;
use crate::single_flight::SingleFlight;
use crate::{Result, VaultConfig, VaultError, payload};

/// How long the result of a health check is reused.
const WELL_FOR: Duration = Duration::from_secs(5);

/// Stores secrets in a KV secrets engine, version 2, of Vault or OpenBao.
pub struct VaultSecrets {
    session: Session,
    mount: String,
    ledger: Ledger,
    checks: SingleFlight<Result<()>>,
}

#[derive(Deserialize)]
struct Read {
    data: Version,
}

#[derive(Deserialize)]
struct Version {
    data: Map<String, Value>,
}

#[derive(Deserialize)]
struct Mounted {
    data: Mount,
}

#[derive(Deserialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    options: Option<MountOptions>,
}

#[derive(Deserialize)]
struct MountOptions {
    version: Option<String>,
}

impl VaultSecrets {
    /// Logs in and checks that the mount is a KV secrets engine of version 2. The ids of secrets are recorded in
    /// `ledger`.
    pub async fn connect(config: VaultConfig, ledger: Ledger) -> Result<Arc<Self>> {
        let client = Client::new(&config)?;
        let secrets = Self {
            session: Session::new(client, config.login),
            mount: config.mount,
            ledger,
            checks: SingleFlight::new(),
        };
        secrets.session.token().await?;
        secrets.check_mount().await?;
        Ok(Arc::new(secrets))
    }

    /// Keeps the login valid until it is told to stop.
    pub async fn tend(self: Arc<Self>, stop: CancellationToken) {
        self.session.tend(&stop).await;
    }

    async fn check_mount(&self) -> Result<()> {
        let call = Call::get(["sys/internal/ui/mounts", &self.mount]);
        let answer = self.session.ask(&call).await?;
        if !answer.is_success() {
            // Vault does not describe a mount to a token that has no rights in it, so this is no proof that the mount
            // is wrong.
            let said = answer.said();
            tracing::warn!(
                mount = self.mount,
                said,
                "Vault does not tell what is at the mount of the secrets"
            );
            return Ok(());
        }
        let Mounted { data } = answer.read(&call)?;
        let version = data.options.and_then(|options| options.version);
        match (data.kind.as_str(), version.as_deref()) {
            ("kv", Some("2")) => Ok(()),
            (kind, version) => Err(VaultError::NotKv2 {
                mount: self.mount.clone(),
                found: format!("type `{kind}`, version {}", version.unwrap_or("1")),
            }),
        }
    }

    async fn check_server(&self) -> Result<()> {
        let mut call = Call::get(["sys", "health"]);
        call.in_namespace = InNamespace::No;
        let answer = self.session.client.ask_once(&call).await?;
        match answer.status {
            // 429, 472 and 473 are the answers of standby and secondary servers, which forward requests.
            200 | 429 | 472 | 473 => self.session.token().await.map(drop),
            503 => Err(VaultError::Sealed),
            _ => Err(answer.unexpected(&call, "it is not initialized")),
        }
    }

    /// The error for an answer that is neither a success nor one that the caller handles.
    fn refused(&self, call: &Call<'_>, answer: &Answer) -> VaultError {
        match answer.status {
            403 => VaultError::Denied {
                method: call.method.to_string(),
                path: call.told_path(),
                mount: self.mount.clone(),
            },
            404 => VaultError::NotKv2 {
                mount: self.mount.clone(),
                found: answer.said(),
            },
            _ => answer.unexpected(call, "it does not say why"),
        }
    }

    async fn write(&self, id: SecretId, secret: &Plaintext) -> Result<()> {
        // `cas` 0 writes only if the secret does not exist, so that nothing is overwritten even if an id were used
        // twice.
        let body = json!({ "options": { "cas": 0 }, "data": payload::to_data(secret) });
        let id = id.to_string();
        let call = Call::post([self.mount.as_str(), "data", "secret", &id], &body);
        let answer = self.session.ask(&call).await?;
        // The first attempt may have succeeded although its answer was lost: no other request uses this id.
        let is_written_already =
            answer.status == 400 && answer.attempts > 1 && answer.said().contains("check-and-set");
        if answer.is_success() || is_written_already {
            return Ok(());
        }
        Err(self.refused(&call, &answer))
    }

    /// `None` if the secret does not exist.
    async fn read(&self, id: SecretId) -> Result<Option<Plaintext>> {
        let id = id.to_string();
        let call = Call::get([self.mount.as_str(), "data", "secret", &id]);
        let answer = self.session.ask(&call).await?;
        match answer.status {
            200 => {
                let Read { data } = answer.read(&call)?;
                Ok(Some(payload::from_data(data.data)))
            }
            // A 404 with an explanation means that the mount does not exist.
            404 if answer.said().is_empty() => Ok(None),
            _ => Err(self.refused(&call, &answer)),
        }
    }

    /// Deletes the secret with all its versions.
    async fn purge(&self, id: SecretId) -> Result<()> {
        let id = id.to_string();
        let call = Call::delete([self.mount.as_str(), "metadata", "secret", &id]);
        let answer = self.session.ask(&call).await?;
        if answer.is_success() {
            return Ok(());
        }
        Err(self.refused(&call, &answer))
    }
}

impl fmt::Debug for VaultSecrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VaultSecrets({})", self.mount)
    }
}

#[async_trait]
impl SecretStore for VaultSecrets {
    async fn create(&self, secret: Plaintext) -> secrets::Result<SecretId> {
        check_length(&secret)?;
        let id = self.ledger.begin().await?;
        self.write(id, &secret).await?;
        Ok(id)
    }

    async fn load(&self, id: SecretId) -> secrets::Result<Plaintext> {
        self.read(id).await?.ok_or(SecretError::NotFound(id))
    }

    async fn drop(&self, id: SecretId) -> secrets::Result<()> {
        self.purge(id).await?;
        self.ledger.end(id).await
    }

    async fn check(&self) -> secrets::Result<()> {
        Ok(self.checks.get(WELL_FOR, self.check_server()).await?)
    }
}
