//! Clients of the Blob service, and how they sign in.

use std::env;
use std::net::{Ipv4Addr, SocketAddr};

use object_store::RetryConfig;
use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};

use crate::classify;
use crate::connection::{self, Pool, Transport};
use crate::credential::AzureCredential;
use crate::open::OpenError;
use crate::profile::Lake;
use crate::secret::Secret;

/// Connections to the store and to the service that issues its tokens.
pub(super) fn pool(lake: &Lake, credential: &AzureCredential) -> Result<Pool, OpenError> {
    // Tokens of managed identities come from this machine over HTTP, and an authority may be a stand-in on it.
    let speaks_plainly = *credential == AzureCredential::SystemIdentity
        || lake
            .authority_host
            .as_deref()
            .is_some_and(|url| Transport::of(url) == Transport::Plain);
    let transport = match lake.transport() {
        Transport::Tls if speaks_plainly => Transport::Mixed,
        transport => transport,
    };
    Pool::of(client(lake, transport)).map_err(|e| OpenError::Failed(e.to_string()))
}

/// Connections to the store alone.
pub(super) fn plain_pool(lake: &Lake) -> Result<Pool, OpenError> {
    Pool::of(client(lake, lake.transport())).map_err(|e| OpenError::Failed(e.to_string()))
}

pub(super) fn store(
    lake: &Lake,
    credential: &AzureCredential,
    pool: Pool,
) -> Result<MicrosoftAzure, OpenError> {
    let builder = builder(lake, pool);
    let builder = match &lake.authority_host {
        Some(url) => builder.with_authority_host(url.trim_end_matches('/')),
        None => builder,
    };
    built(signed_in(builder, credential))
}

/// A client that has only a signature, as an engine does.
pub(super) fn vended(
    lake: &Lake,
    token: &Secret<String>,
    pool: Pool,
) -> Result<MicrosoftAzure, OpenError> {
    let builder = builder(lake, pool)
        .with_config(AzureConfigKey::SasKey, token.expose())
        .with_credential_type("sas_token");
    built(builder)
}

fn built(builder: MicrosoftAzureBuilder) -> Result<MicrosoftAzure, OpenError> {
    builder
        .build()
        .map_err(|e| OpenError::Failed(classify::text(&e)))
}

fn builder(lake: &Lake, pool: Pool) -> MicrosoftAzureBuilder {
    MicrosoftAzureBuilder::new()
        .with_account(&lake.account)
        .with_container_name(&lake.filesystem)
        .with_endpoint(lake.blob_endpoint())
        .with_http_connector(pool)
        // The guard around every store retries already; retrying here too would multiply the attempts.
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        })
}

/// A client that finds an emulator: the host names of its accounts mean this machine, even if no resolver knows them.
pub(super) fn client(lake: &Lake, transport: Transport) -> reqwest::ClientBuilder {
    let client = connection::client(transport);
    match lake.blob_host().split(':').next() {
        Some(name) if lake.transport() == Transport::Plain => {
            client.resolve(name, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        }
        _ => client,
    }
}

fn signed_in(
    builder: MicrosoftAzureBuilder,
    credential: &AzureCredential,
) -> MicrosoftAzureBuilder {
    match credential {
        AzureCredential::ClientCredentials {
            client_id,
            tenant_id,
            client_secret,
        } => builder
            .with_client_id(client_id)
            .with_tenant_id(tenant_id)
            .with_client_secret(client_secret.expose())
            .with_credential_type("client_secret"),
        AzureCredential::SharedAccessKey { key } => builder
            .with_access_key(key.expose())
            .with_credential_type("access_key"),
        AzureCredential::SystemIdentity => as_server(builder),
    }
}

/// Signs in as Azure's own libraries do: with a secret in the environment, a workload identity, or a managed
/// identity.
fn as_server(builder: MicrosoftAzureBuilder) -> MicrosoftAzureBuilder {
    let builder = match given("AZURE_CLIENT_ID") {
        Some(id) => builder.with_client_id(id),
        None => builder,
    };
    let secret = given("AZURE_CLIENT_SECRET");
    let token_file = given("AZURE_FEDERATED_TOKEN_FILE");
    match (given("AZURE_TENANT_ID"), secret, token_file) {
        (Some(tenant), Some(secret), _) => builder
            .with_tenant_id(tenant)
            .with_client_secret(secret)
            .with_credential_type("client_secret"),
        (Some(tenant), None, Some(file)) => builder
            .with_tenant_id(tenant)
            .with_federated_token_file(file)
            .with_credential_type("workload_identity"),
        _ => match given("IDENTITY_ENDPOINT") {
            Some(endpoint) => builder.with_msi_endpoint(endpoint),
            None => builder,
        }
        .with_credential_type("managed_identity"),
    }
}

/// The host of Entra ID, if the server's environment sets it.
pub(crate) fn own_authority_host() -> Option<String> {
    given("AZURE_AUTHORITY_HOST")
}

#[expect(
    clippy::disallowed_methods,
    reason = "these are not our settings: Azure puts them into the environment of what it runs"
)]
fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
