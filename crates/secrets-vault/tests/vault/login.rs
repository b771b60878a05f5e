//! Logging in, and keeping the token valid.

use std::sync::Arc;
use std::time::Duration;

use secrets::{Plaintext, SecretStore as _};
use secrets_vault::kv2_stand_in::{JWT, Kv2StandIn, USER};
use secrets_vault::{Login, Source, VaultError};
use tokio_util::sync::CancellationToken;

use crate::{connect, keep, logged_in};

fn token(text: &str) -> Login {
    Login::Token(Source::Text(Plaintext::new(text)))
}

fn kubernetes(token_file: std::path::PathBuf) -> Login {
    Login::Kubernetes {
        mount: "kubernetes".to_owned(),
        role: "catalog".to_owned(),
        token_file,
    }
}

#[tokio::test]
async fn each_login_leads_to_the_secrets() {
    let vault = Kv2StandIn::start().await;
    let folder = tempfile::tempdir().unwrap();
    let jwt = folder.path().join("token");
    std::fs::write(&jwt, format!("{JWT}\n")).unwrap();
    let given = vault.state().give_token();
    for login in [
        Kv2StandIn::user(),
        Kv2StandIn::app_role(),
        kubernetes(jwt),
        token(&given),
    ] {
        let secrets = logged_in(&vault, login.clone()).await;
        let id = keep(&secrets, "s").await;
        assert_eq!(secrets.load(id).await.unwrap().expose(), "s", "{login:?}");
        secrets.check().await.unwrap();
    }
    assert_eq!(vault.state().logins, 3);
}

#[tokio::test]
async fn a_wrong_login_is_told_without_what_was_shown() {
    let vault = Kv2StandIn::start().await;
    let wrong = Login::UserPass {
        mount: "userpass".to_owned(),
        user: USER.to_owned(),
        password: Source::Text(Plaintext::new("hunter4")),
    };
    for (login, status) in [(wrong, 400), (token("hvs.hunter4"), 403)] {
        assert!(!format!("{login:?}").contains("hunter4"));
        let refused = connect(vault.config(login)).await.unwrap_err();
        assert!(
            matches!(&refused, VaultError::LoginRefused { status: it, .. } if *it == status),
            "{refused:?}"
        );
        assert!(!format!("{refused} {refused:?}").contains("hunter4"));
    }
}

#[tokio::test]
async fn everything_is_asked_for_in_the_namespace() {
    let vault = Kv2StandIn::start().await;
    vault.state().namespace = Some("team");
    let outside = connect(vault.config(Kv2StandIn::user())).await;
    assert!(matches!(outside, Err(VaultError::LoginRefused { .. })));
    let mut config = vault.config(Kv2StandIn::user());
    config.namespace = Some("team".to_owned());
    let secrets = connect(config).await.unwrap();
    let id = keep(&secrets, "s").await;
    secrets.load(id).await.unwrap();
    secrets.check().await.unwrap();
}

#[tokio::test]
async fn many_who_find_the_token_revoked_log_in_once() {
    let vault = Kv2StandIn::start().await;
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    let id = keep(&secrets, "s").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    vault.state().revoke_tokens();
    vault.state().delay = Duration::from_millis(50);
    let load = |_| {
        let secrets = Arc::clone(&secrets);
        tokio::spawn(async move { secrets.load(id).await.map(|it| it.expose().to_owned()) })
    };
    for load in (0..50).map(load).collect::<Vec<_>>() {
        assert_eq!(load.await.unwrap().unwrap(), "s");
    }
    assert_eq!(vault.state().logins, 2);
}

#[tokio::test]
async fn who_waits_for_a_login_that_fails_does_not_try_again_one_by_one() {
    let vault = Kv2StandIn::start().await;
    vault.state().lease = Duration::from_secs(1);
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    let id = keep(&secrets, "s").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let before = {
        let mut state = vault.state();
        (state.is_sealed, state.delay) = (true, Duration::from_millis(100));
        state.requests
    };
    let load = |_| {
        let secrets = Arc::clone(&secrets);
        tokio::spawn(async move { secrets.load(id).await.map(drop) })
    };
    for load in (0..50).map(load).collect::<Vec<_>>() {
        assert!(load.await.unwrap().is_err());
    }
    let asked = vault.state().requests - before;
    assert!(asked <= 6, "{asked} requests");
}

#[tokio::test]
async fn a_token_is_renewed_in_the_background_and_replaced_at_its_longest_life() {
    let vault = Kv2StandIn::start().await;
    {
        let mut state = vault.state();
        (state.lease, state.max_ttl) = (Duration::from_secs(2), Duration::from_secs(5));
    }
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    let stop = CancellationToken::new();
    let tending = tokio::spawn(Arc::clone(&secrets).tend(stop.clone()));
    let id = keep(&secrets, "s").await;
    for _ in 0..75 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(secrets.load(id).await.unwrap().expose(), "s");
    }
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(1), tending)
        .await
        .unwrap()
        .unwrap();
    let (logins, renewals) = {
        let state = vault.state();
        (state.logins, state.renewals)
    };
    assert!((2..=3).contains(&logins), "{logins} logins");
    assert!((2..=8).contains(&renewals), "{renewals} renewals");
}

#[tokio::test]
async fn the_background_stops_at_once_while_vault_hangs() {
    let vault = Kv2StandIn::start().await;
    vault.state().lease = Duration::from_secs(1);
    let secrets = logged_in(&vault, Kv2StandIn::user()).await;
    vault.state().delay = Duration::from_mins(1);
    let stop = CancellationToken::new();
    let tending = tokio::spawn(Arc::clone(&secrets).tend(stop.clone()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop.cancel();
    let stopped = tokio::time::timeout(Duration::from_secs(1), tending);
    stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_token_that_was_given_is_renewed_and_its_end_is_told() {
    let vault = Kv2StandIn::start().await;
    let given = {
        let mut state = vault.state();
        state.lease = Duration::from_secs(2);
        state.give_token()
    };
    let secrets = logged_in(&vault, token(&given)).await;
    let stop = CancellationToken::new();
    let tending = tokio::spawn(Arc::clone(&secrets).tend(stop.clone()));
    let id = keep(&secrets, "s").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    secrets.load(id).await.unwrap();
    vault.state().revoke_tokens();
    let refused = secrets.load(id).await;
    let refused = refused
        .err()
        .filter(|error| error.to_string().contains("no longer accepted"));
    // A background renewal may have been refused first; then the next load fails with a refused login.
    let refused = match refused {
        Some(error) => error,
        None => secrets.load(id).await.unwrap_err(),
    };
    assert!(refused.to_string().contains("token"), "{refused}");
    stop.cancel();
    tending.await.unwrap();
}

#[tokio::test]
async fn a_token_in_a_file_is_read_again_when_it_ends() {
    let vault = Kv2StandIn::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let first = vault.state().give_token();
    std::fs::write(&file, first).unwrap();
    let secrets = logged_in(&vault, Login::Token(Source::File(file.clone()))).await;
    let id = keep(&secrets, "s").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    vault.state().revoke_tokens();
    assert!(secrets.load(id).await.is_err());
    let second = vault.state().give_token();
    std::fs::write(&file, second).unwrap();
    assert_eq!(secrets.load(id).await.unwrap().expose(), "s");
}
