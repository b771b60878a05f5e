//! A Vault that is down, sealed, slow, or not set up as needed.

use std::time::{Duration, Instant};

use model::SecretId;
use secrets::{Plaintext, SecretError, SecretStore as _};
use secrets_vault::VaultError;
use secrets_vault::kv2_stand_in::Kv2StandIn;

use crate::{connect, discard, keep, logged_in};

fn told<T: std::fmt::Debug>(refused: secrets::Result<T>) -> VaultError {
    let Err(SecretError::Backend(error)) = refused else {
        unreachable!("expected an error of Vault, got {refused:?}")
    };
    error.downcast_ref::<VaultError>().unwrap().clone()
}

#[tokio::test]
async fn a_failure_that_passes_is_not_noticed() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    vault.state().failures = 2;
    let id = keep(&secrets, "s").await;
    vault.state().failures = 2;
    assert_eq!(secrets.load(id).await.unwrap().expose(), "s");
    vault.state().failures = 2;
    discard(&secrets, id).await;
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_done_once() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    vault.state().lost_answers = 2;
    let id = keep(&secrets, "s").await;
    assert_eq!(secrets.load(id).await.unwrap().expose(), "s");
    assert_eq!(vault.state().paths().len(), 1);
}

#[tokio::test]
async fn patience_has_an_end() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    let before = vault.state().requests;
    vault.state().failures = 100;
    let refused = told(secrets.load(SecretId::generate()).await);
    assert!(
        matches!(&refused, VaultError::Unavailable(why) if why.contains("502")),
        "{refused}"
    );
    assert_eq!(vault.state().requests - before, 3);
}

#[tokio::test]
async fn a_vault_that_hangs_is_given_up() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    vault.state().delay = Duration::from_mins(1);
    let start = Instant::now();
    let refused = told(secrets.load(SecretId::generate()).await);
    assert!(
        matches!(&refused, VaultError::Unavailable(why) if why.contains("5s")),
        "{refused}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(14),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_sealed_vault_is_told_as_such_and_is_not_well() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    secrets.check().await.unwrap();
    vault.state().is_sealed = true;
    let refused = told(secrets.load(SecretId::generate()).await);
    assert!(matches!(refused, VaultError::Sealed), "{refused}");
    let asked = vault.state().requests;
    for _ in 0..100 {
        secrets.check().await.unwrap();
    }
    assert_eq!(
        vault.state().requests,
        asked,
        "an answer counts for a while"
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(matches!(told(secrets.check().await), VaultError::Sealed));
}

#[tokio::test]
async fn nobody_at_the_address_is_told() {
    let vault = Kv2StandIn::start().await;
    let config = vault.config(Kv2StandIn::user());
    drop(vault);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let refused = connect(config).await.unwrap_err();
    assert!(
        matches!(&refused, VaultError::Unavailable(why) if why.contains("no connection")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_policy_that_does_not_allow_it_is_told_and_costs_no_storm_of_logins() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    vault.state().denies = true;
    for _ in 0..20 {
        let refused = told(secrets.create(Plaintext::new("s")).await);
        assert!(matches!(&refused, VaultError::Denied { .. }), "{refused}");
        assert!(refused.to_string().contains("team/kv/metadata/secret/*"));
    }
    assert!(vault.state().logins <= 2, "{}", vault.state().logins);
}

#[tokio::test]
async fn a_mount_that_is_not_kv_2_is_refused_at_once() {
    let vault = Kv2StandIn::start().await;
    for (version, said) in [(None, "version 1"), (Some("1"), "version 1")] {
        vault.state().kv_version = version;
        let refused = connect(vault.config(Kv2StandIn::user())).await.unwrap_err();
        assert!(matches!(&refused, VaultError::NotKv2 { found, .. } if found.contains(said)));
    }
    let mut config = vault.config(Kv2StandIn::user());
    config.mount = "other".to_owned();
    let secrets = connect(config).await.unwrap();
    let refused = told(secrets.load(SecretId::generate()).await);
    assert!(matches!(refused, VaultError::NotKv2 { .. }), "{refused}");
}
