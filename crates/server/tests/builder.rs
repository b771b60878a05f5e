//! The library as programs use it that supply parts of their own.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use authn::{Authenticator, AuthnError, BearerToken, Refusal};
use authz::{Authorizer, AuthorizerUnavailable, Check, Decision};
use lakekeeper::config::{Config, Needs, Sources};
use lakekeeper::{Error, Lakekeeper};
use model::{Caller, Identity, SecretId};
use secrets::{Plaintext, SecretError, SecretStore};
use store::Servers as _;
use store_sqlite::SqliteStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const BOOTSTRAP: &str = "POST /management/v1/bootstrap HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
    content-type: application/json\r\ncontent-length: 28\r\n\r\n{\"accept-terms-of-use\":true}";

/// An authorizer that denies everything.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Authorizer for Nobody {
    fn name(&self) -> &'static str {
        "nobody"
    }

    async fn decide(
        &self,
        _: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        Ok(checks.iter().map(|_| Decision::Deny).collect())
    }
}

/// An authorizer that allows everything after a delay, and notifies the test when it is asked.
#[derive(Debug, Default)]
struct Slow(Arc<Notify>);

#[async_trait]
impl Authorizer for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn decide(
        &self,
        _: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        self.0.notify_one();
        tokio::time::sleep(Duration::from_millis(700)).await;
        Ok(checks.iter().map(|_| Decision::Allow).collect())
    }
}

/// An authenticator that accepts one token.
#[derive(Debug)]
struct Doorman;

#[async_trait]
impl Authenticator for Doorman {
    async fn authenticate(&self, token: &BearerToken) -> Result<Arc<Identity>, AuthnError> {
        match token.expose() {
            "sesame" => Ok(Arc::new(Identity::of("oidc~ali".parse().unwrap()))),
            _ => Err(Refusal::Malformed("it is not the word").into()),
        }
    }
}

/// A secret store in memory.
#[derive(Debug, Default)]
struct Memory(Mutex<HashMap<SecretId, Plaintext>>);

#[async_trait]
impl SecretStore for Memory {
    async fn create(&self, secret: Plaintext) -> secrets::Result<SecretId> {
        secrets::check_length(&secret)?;
        let id = SecretId::generate();
        self.0.lock().unwrap().insert(id, secret);
        Ok(id)
    }

    async fn load(&self, id: SecretId) -> secrets::Result<Plaintext> {
        let found = self.0.lock().unwrap().get(&id).cloned();
        found.ok_or(SecretError::NotFound(id))
    }

    async fn drop(&self, id: SecretId) -> secrets::Result<()> {
        self.0.lock().unwrap().remove(&id);
        Ok(())
    }
}

fn config() -> Config {
    let mut sources = Sources::default();
    for (name, value) in [
        ("BIND_IP", "127.0.0.1"),
        ("LISTEN_PORT", "0"),
        ("METRICS_PORT", "0"),
    ] {
        sources.implied.insert(name, value.to_owned());
    }
    Config::load(&sources, Needs::Nothing).unwrap()
}

async fn answer(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn an_embedder_brings_store_secrets_and_authorizer() {
    let lakekeeper = Lakekeeper::builder(config())
        .store(Arc::new(SqliteStore::temporary().unwrap()))
        .secrets(Arc::new(Memory::default()))
        .authorizer(Arc::new(Nobody))
        .build();
    let bound = lakekeeper.await.unwrap().bind().await.unwrap();
    let address = bound.api_address().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(bound.serve(stop.clone()));
    let list = "GET /management/v1/project-list HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(!answer(address, list).await.starts_with("HTTP/1.1 5"));
    let refused = answer(address, BOOTSTRAP).await;
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    stop.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_waits_for_a_change_whose_client_has_gone() {
    let asked = Arc::new(Notify::new());
    let store = Arc::new(SqliteStore::temporary().unwrap());
    let lakekeeper = Lakekeeper::builder(config())
        .store(Arc::clone(&store) as _)
        .secrets(Arc::new(Memory::default()))
        .authorizer(Arc::new(Slow(Arc::clone(&asked))))
        .build();
    let lakekeeper = lakekeeper.await.unwrap();
    let bound = lakekeeper.bind().await.unwrap();
    let mut client = TcpStream::connect(bound.api_address().unwrap())
        .await
        .unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(bound.serve(stop.clone()));
    client.write_all(BOOTSTRAP.as_bytes()).await.unwrap();
    asked.notified().await;
    drop(client);
    // Give the server time to notice that the client has disconnected.
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.cancel();
    served.await.unwrap().unwrap();
    let server = store.server_load().await.unwrap();
    assert!(server.bootstrapped_at.is_some());
}

#[tokio::test]
async fn an_embedder_says_who_is_let_in() {
    let lakekeeper = Lakekeeper::builder(config())
        .store(Arc::new(SqliteStore::temporary().unwrap()))
        .secrets(Arc::new(Memory::default()))
        .authenticator(Arc::new(Doorman))
        .build();
    let bound = lakekeeper.await.unwrap().bind().await.unwrap();
    let address = bound.api_address().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(bound.serve(stop.clone()));
    for (token, status) in [("sesame", "200"), ("barley", "401")] {
        let list = format!(
            "GET /management/v1/project-list HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             authorization: Bearer {token}\r\n\r\n"
        );
        let answered = answer(address, &list).await;
        assert!(
            answered.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answered}"
        );
    }
    stop.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_secret_store_of_the_test_is_one() {
    secrets::conformance::run(&Memory::default()).await;
}

#[tokio::test]
async fn what_is_neither_configured_nor_brought_is_named() {
    let without_database = Lakekeeper::builder(config()).build().await;
    assert!(matches!(
        without_database,
        Err(Error::NotConfigured("a database"))
    ));
    let store = Arc::new(SqliteStore::temporary().unwrap());
    let without_key = Lakekeeper::builder(config()).store(store).build().await;
    assert!(matches!(
        without_key,
        Err(Error::NotConfigured("an encryption key"))
    ));
}
