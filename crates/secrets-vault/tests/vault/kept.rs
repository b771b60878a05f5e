//! What is stored in Vault and in the database, and when it is removed.

use std::sync::Arc;
use std::time::Duration;

use model::ManualClock;
use secrets::{
    EncryptedSecrets, Key, Plaintext, SecretError, SecretStore as _, Sweeper, conformance,
};
use secrets_vault::VaultSecrets;
use secrets_vault::kv2_stand_in::Kv2StandIn;
use serde_json::json;

use crate::{THEN, database, discard, keep, ledger, logged_in};

#[tokio::test]
async fn secrets_in_the_stand_in_conform() {
    let vault = Kv2StandIn::start().await;
    conformance::run(logged_in(&vault, Kv2StandIn::user()).await.as_ref()).await;
}

#[tokio::test]
async fn a_secret_lies_where_todays_lakekeeper_has_it() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    let credential = r#"{"type":"s3","credential-type":"access-key"}"#;
    let id = keep(&secrets, credential).await;
    let path = format!("secret/{id}");
    assert_eq!(vault.state().paths(), [path.as_str()]);
    let stored = vault.state().secret(&path).cloned();
    assert_eq!(
        stored,
        Some(json!({"type": "s3", "credential-type": "access-key"}))
    );
}

#[tokio::test]
async fn all_versions_go_with_a_secret() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    let id = keep(&secrets, "s").await;
    let path = format!("secret/{id}");
    vault.state().put(&path, json!({"text": "newer"}));
    assert_eq!(secrets.load(id).await.unwrap().expose(), "newer");
    discard(&secrets, id).await;
    assert_eq!(vault.state().paths(), [""; 0]);
}

#[tokio::test]
async fn what_somebody_has_deleted_softly_is_not_found() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    let id = keep(&secrets, "s").await;
    vault.state().soft_delete(&format!("secret/{id}"));
    let refused = secrets.load(id).await;
    assert!(matches!(refused, Err(SecretError::NotFound(named)) if named == id));
}

#[tokio::test]
async fn what_a_crash_has_left_in_vault_is_swept() {
    let vault = Kv2StandIn::start().await;
    let database = database();
    let config = vault.config(Kv2StandIn::user());
    let secrets = VaultSecrets::connect(config, ledger(&database))
        .await
        .unwrap();
    keep(&secrets, "orphan").await;
    let clock = Arc::new(ManualClock::at(THEN));
    let sweeper = Sweeper {
        rows: Arc::clone(&database) as _,
        secrets: secrets.clone(),
        clock: Arc::clone(&clock) as _,
    };
    assert_eq!(sweeper.once().await.unwrap(), 0);
    clock.set(THEN.plus(Duration::from_mins(61)));
    vault.state().is_sealed = true;
    assert!(sweeper.once().await.is_err(), "it is tried again");
    vault.state().is_sealed = false;
    assert_eq!(sweeper.once().await.unwrap(), 1);
    assert_eq!(vault.state().paths(), [""; 0]);
    assert_eq!(sweeper.once().await.unwrap(), 0);
}

#[tokio::test]
async fn a_creation_that_failed_leaves_a_note_for_the_sweep() {
    let vault = Kv2StandIn::start().await;
    let database = database();
    let config = vault.config(Kv2StandIn::user());
    let secrets = VaultSecrets::connect(config, ledger(&database))
        .await
        .unwrap();
    vault.state().lost_answers = 3;
    assert!(secrets.create(Plaintext::new("s")).await.is_err());
    assert_eq!(
        vault.state().paths().len(),
        1,
        "it was written all the same"
    );
    let late = THEN.plus(Duration::from_hours(2));
    assert_eq!(
        database.secret_orphans(late, None, 10).await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn the_database_holds_nothing_but_a_note_and_says_so() {
    let vault = Kv2StandIn::start().await;
    let database = database();
    let config = vault.config(Kv2StandIn::user());
    let secrets = VaultSecrets::connect(config, ledger(&database))
        .await
        .unwrap();
    let id = keep(&secrets, "hunter2").await;
    assert_eq!(database.secret_load(id).await.unwrap().0, [0]);
    let key = Key::from_passphrase(&Plaintext::new("k")).unwrap();
    let clock = Arc::new(ManualClock::at(THEN));
    let encrypted = EncryptedSecrets::new(Arc::clone(&database) as _, key, clock);
    let refused = encrypted.load(id).await;
    assert!(matches!(refused, Err(SecretError::KeptElsewhere(named)) if named == id));
    let rotation = encrypted.rotate(|_| {}).await.unwrap();
    assert_eq!((rotation.renewed, rotation.current), (0, 0));
    assert!(rotation.unreadable.is_empty());
    discard(&secrets, id).await;
    assert!(database.secret_load(id).await.is_err());
}
