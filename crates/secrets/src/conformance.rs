//! The requirements on a [`SecretStore`], as tests to run against your own.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a conformance suite fails by panicking"
)]

use model::SecretId;

use crate::{MAX_PLAINTEXT_BYTES, Plaintext, SecretError, SecretStore};

/// Runs all cases. Panics at the first failure and says what was expected.
pub async fn run(secrets: &dyn SecretStore) {
    a_secret_comes_back_as_it_was(secrets).await;
    secrets_are_kept_apart(secrets).await;
    a_dropped_secret_is_gone(secrets).await;
    what_was_never_there_is_not_found(secrets).await;
    what_is_too_long_is_refused(secrets).await;
}

async fn create(secrets: &dyn SecretStore, text: &str) -> SecretId {
    let created = secrets.create(Plaintext::new(text)).await;
    created.expect("a secret can be created")
}

async fn expect_not_found(secrets: &dyn SecretStore, id: SecretId) {
    match secrets.load(id).await {
        Err(SecretError::NotFound(named)) => assert_eq!(named, id, "the error names the secret"),
        other => panic!("expected NotFound({id}), got {other:?}"),
    }
}

async fn a_secret_comes_back_as_it_was(secrets: &dyn SecretStore) {
    for text in ["", "s", "{\"key\":\"ü\\n\"}", &"x".repeat(16 * 1024)] {
        let id = create(secrets, text).await;
        let loaded = secrets.load(id).await.expect("what was created loads");
        assert_eq!(loaded.expose(), text);
    }
    let object = r#"{"z":"1","text":{"b":[1,1.5,null,"<&>"],"a":""},"a":true}"#;
    let id = create(secrets, object).await;
    let loaded = secrets.load(id).await.expect("what was created loads");
    let parse = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    assert_eq!(parse(loaded.expose()), parse(object));
}

async fn secrets_are_kept_apart(secrets: &dyn SecretStore) {
    let first = create(secrets, "same").await;
    let second = create(secrets, "same").await;
    assert_ne!(first, second, "each secret has an id of its own");
    secrets.drop(first).await.expect("a secret can be dropped");
    let kept = secrets.load(second).await.expect("the other one is kept");
    assert_eq!(kept.expose(), "same");
}

async fn a_dropped_secret_is_gone(secrets: &dyn SecretStore) {
    let id = create(secrets, "s").await;
    secrets.drop(id).await.expect("a secret can be dropped");
    expect_not_found(secrets, id).await;
    let again = secrets.drop(id).await;
    again.expect("dropping what is gone is well");
}

async fn what_was_never_there_is_not_found(secrets: &dyn SecretStore) {
    expect_not_found(secrets, SecretId::generate()).await;
    let dropped = secrets.drop(SecretId::generate()).await;
    dropped.expect("dropping what never was is well");
}

async fn what_is_too_long_is_refused(secrets: &dyn SecretStore) {
    let longest = create(secrets, &"x".repeat(MAX_PLAINTEXT_BYTES)).await;
    secrets
        .load(longest)
        .await
        .expect("the longest secret loads");
    let longer = Plaintext::new("x".repeat(MAX_PLAINTEXT_BYTES + 1));
    match secrets.create(longer).await {
        Err(SecretError::TooLong { bound, .. }) => assert_eq!(bound, MAX_PLAINTEXT_BYTES),
        other => panic!("expected TooLong, got {other:?}"),
    }
}
