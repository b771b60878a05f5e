//! How tokens are fetched, kept and renewed.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::stand_in::{Canned, EMAIL, GoogleStandIn, OWN_TOKEN, PRIVATE_KEY, given};
use super::*;
use crate::credential::{GcsCredential, StorageCredential};

fn tokens(service: &GoogleStandIn) -> Tokens {
    let credential = serde_json::json!({
        "type": "gcs", "credential-type": "service-account-key", "key": service.key(),
    });
    let Ok(StorageCredential::Gcs(credential)) = StorageCredential::from_json(&credential) else {
        panic!("a credential")
    };
    super::super::tokens(&credential).unwrap()
}

fn machine(service: &GoogleStandIn) -> Tokens {
    Tokens::new(Source::of_machine(&service.url).unwrap())
}

/// A service that answers request number n, counted from 0, with `answer(n)`.
async fn counting(answer: impl Fn(usize) -> Canned + Send + Sync + 'static) -> GoogleStandIn {
    let asked = AtomicUsize::new(0);
    GoogleStandIn::answering(Box::new(move |_| {
        answer(asked.fetch_add(1, Ordering::Relaxed))
    }))
    .await
}

#[tokio::test]
async fn a_service_account_states_who_it_is() {
    let service = GoogleStandIn::start().await;
    let token = tokens(&service).get().await.unwrap();
    assert_eq!(token.value.expose(), OWN_TOKEN);
    assert_eq!(token.project.as_deref(), Some("project-1"));
    let left = token.expires_at.duration_since(now()).unwrap().as_secs();
    assert!((3590..=3600).contains(&left), "{left}");
}

#[tokio::test]
async fn a_machine_asks_its_metadata_server() {
    let service = GoogleStandIn::start().await;
    let token = machine(&service).get().await.unwrap();
    assert_eq!(token.value.expose(), OWN_TOKEN);
    assert_eq!(token.project.as_deref(), Some("project-2"));
}

#[tokio::test]
async fn a_machine_without_a_project_gets_its_token_all_the_same() {
    let service = counting(|n| match n {
        0 => given(OWN_TOKEN, 3600),
        _ => Canned(404, "", "<html>no</html>".to_owned()),
    })
    .await;
    let token = machine(&service).get().await.unwrap();
    assert_eq!(token.project, None);
}

#[tokio::test]
async fn one_request_serves_all_that_wait_and_all_that_come_later() {
    let service = GoogleStandIn::start().await;
    let tokens = tokens(&service);
    let all = futures::future::join_all((0..50).map(|_| tokens.get())).await;
    assert!(all.iter().all(Result::is_ok));
    tokens.get().await.unwrap();
    assert_eq!(service.targets(), ["POST /token"]);
}

#[tokio::test]
async fn a_token_is_renewed_after_half_of_its_life() {
    let service = counting(|n| given(&format!("token-{n}"), 2)).await;
    let tokens = tokens(&service);
    assert_eq!(tokens.get().await.unwrap().value.expose(), "token-0");
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert_eq!(tokens.get().await.unwrap().value.expose(), "token-1");
}

#[tokio::test]
async fn a_machine_is_asked_when_it_gives_another_token() {
    let machine = Source::of_machine("http://127.0.0.1:9").unwrap();
    let nobody = Source::Anonymous { project: None };
    for (life, of_machine) in [(3_600, 3_300), (320, 20), (300, 10), (241, 10), (8, 4)] {
        let life = Duration::from_secs(life);
        assert_eq!(machine.used_for(life), Duration::from_secs(of_machine));
        assert_eq!(nobody.used_for(life), life / 2);
    }
}

#[tokio::test]
async fn who_goes_away_while_waiting_does_not_stop_the_others() {
    let service = GoogleStandIn::start().await;
    let tokens = tokens(&service);
    let impatient = tokio::time::timeout(Duration::ZERO, tokens.get()).await;
    assert!(impatient.is_err());
    tokens.get().await.unwrap();
}

#[tokio::test]
async fn refusals_are_told_without_secrets() {
    let service = GoogleStandIn::answering(Box::new(|seen| {
        let assertion = &seen.form()["assertion"];
        let body = serde_json::json!({"error": "invalid_grant", "error_description": format!("bad {assertion}")});
        Canned(400, "", body.to_string())
    }))
    .await;
    let tokens = tokens(&service);
    let failure = tokens.get().await.unwrap_err();
    let shown = format!("{failure} {failure:?} {tokens:?}");
    assert!(matches!(failure, TokenFailure::Refused(_)), "{shown}");
    assert!(
        shown.contains("invalid_grant") && shown.contains(EMAIL),
        "{shown}"
    );
    let assertion = &service.seen()[0].form()["assertion"];
    assert!(!shown.contains(assertion), "{shown}");
    assert!(
        !shown.contains(PRIVATE_KEY.lines().nth(1).unwrap()),
        "{shown}"
    );
}

#[tokio::test]
async fn answers_that_are_no_tokens_are_not_used() {
    for body in [
        "",
        "[]",
        r#"{"access_token": "", "expires_in": 3600}"#,
        r#"{"access_token": "a b", "expires_in": 3600}"#,
        r#"{"access_token": "token"}"#,
    ] {
        let answer = Answer {
            status: 200,
            body: body.as_bytes().to_vec(),
        };
        let failure = read(&answer, "", None).unwrap_err().to_string();
        assert!(failure.contains("no token with an expiry"), "{failure}");
    }
}

#[tokio::test]
async fn a_system_identity_asks_google_and_nobody_else() {
    let tokens = super::super::tokens(&GcsCredential::SystemIdentity).unwrap();
    assert_eq!(
        format!("{tokens:?}"),
        "Tokens(Machine(http://metadata.google.internal))"
    );
}
