//! Secrets in PostgreSQL. `LAKEKEEPER_TEST_PG_URL` names a server on which databases may be created.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use std::sync::Arc;

use model::SystemClock;
use secrets::{EncryptedSecrets, Key, Keys, Plaintext, SecretStore as _, conformance};
use store::Store;
use store_postgres::PostgresStore;

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told so where the server is"
)]
async fn store() -> Arc<dyn Store> {
    let url = std::env::var("LAKEKEEPER_TEST_PG_URL").expect(
        "no PostgreSQL: run `tests/with-services cargo test -p secrets`, or set LAKEKEEPER_TEST_PG_URL",
    );
    Arc::new(PostgresStore::temporary(&url).await.unwrap())
}

fn key(passphrase: &str) -> Key {
    Key::from_passphrase(&Plaintext::new(passphrase)).unwrap()
}

fn on(store: &Arc<dyn Store>, keys: impl Into<Keys>) -> EncryptedSecrets {
    EncryptedSecrets::new(Arc::clone(store) as _, keys, Arc::new(SystemClock))
}

#[tokio::test]
async fn secrets_in_postgres_conform() {
    conformance::run(&on(&store().await, key("k"))).await;
}

#[tokio::test]
async fn two_rotations_at_once_beside_a_replica_do_the_work_once() {
    let store = store().await;
    let mut kept = Vec::new();
    for n in 0..250 {
        let text = format!("secret {n}");
        let secret = Plaintext::new(text.as_str());
        kept.push((
            on(&store, key("former")).create(secret).await.unwrap(),
            text,
        ));
    }
    let rotating = on(&store, Keys::new(key("now"), vec![key("former")]));
    let replica = on(&store, Keys::new(key("former"), vec![key("now")]));
    let reading = async {
        for (id, text) in &kept {
            assert_eq!(replica.load(*id).await.unwrap().expose(), text);
        }
    };
    let (one, two, ()) = tokio::join!(rotating.rotate(|_| {}), rotating.rotate(|_| {}), reading);
    assert_eq!(one.unwrap().renewed + two.unwrap().renewed, 250);
    let again = on(&store, key("now")).rotate(|_| {}).await.unwrap();
    assert_eq!((again.renewed, again.current), (0, 250));
    for (id, text) in &kept {
        assert_eq!(
            on(&store, key("now")).load(*id).await.unwrap().expose(),
            text
        );
    }
}
