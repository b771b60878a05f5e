//! Secrets in a real database.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use model::SystemClock;
use secrets::{EncryptedSecrets, Key, Plaintext, conformance};
use store::Store;
use store_sqlite::SqliteStore;

#[tokio::test]
async fn secrets_in_a_sqlite_file_conform() {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
    let key = Key::from_passphrase(&Plaintext::new("k")).unwrap();
    let secrets = EncryptedSecrets::new(store, key, Arc::new(SystemClock));
    conformance::run(&secrets).await;
}
