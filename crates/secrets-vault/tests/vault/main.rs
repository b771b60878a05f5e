//! Secrets in a KV v2 engine: a stand-in and, if variables name one, a real Vault.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod kept;
mod login;
mod real;
mod trouble;

use std::sync::Arc;

use model::{ManualClock, SecretId, Timestamp};
use secrets::{Ledger, Plaintext, SecretStore as _};
use secrets_vault::kv2_stand_in::Kv2StandIn;
use secrets_vault::{Login, VaultConfig, VaultSecrets};
use store::Store;
use store_sqlite::SqliteStore;

const THEN: Timestamp = Timestamp::from_ms(0);

fn database() -> Arc<dyn Store> {
    Arc::new(SqliteStore::temporary().unwrap())
}

fn ledger(database: &Arc<dyn Store>) -> Ledger {
    Ledger::new(Arc::clone(database) as _, Arc::new(ManualClock::at(THEN)))
}

async fn connect(config: VaultConfig) -> secrets_vault::Result<Arc<VaultSecrets>> {
    VaultSecrets::connect(config, ledger(&database())).await
}

async fn logged_in(vault: &Kv2StandIn, login: Login) -> Arc<VaultSecrets> {
    connect(vault.config(login)).await.unwrap()
}

async fn keep(secrets: &VaultSecrets, text: &str) -> SecretId {
    secrets.create(Plaintext::new(text)).await.unwrap()
}

async fn discard(secrets: &VaultSecrets, id: SecretId) {
    secrets.drop(id).await.unwrap();
}
