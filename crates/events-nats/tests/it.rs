//! Tests against a real `nats-server`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, stream};
use async_nats::{ConnectOptions, Subscriber};
use async_trait::async_trait;
use events::conformance::{Subject, check, sample};
use events::{PublishError, Publisher};
use events_nats::{Credentials, Mode, NatsConfig, NatsPublisher};
use futures::StreamExt;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;
use uuid::Uuid;
use zeroize::Zeroizing;

const SECRET: &str = "s3cret-of-the-tests";

/// The variable with the path of the program; `tests/with-services` sets it.
const BINARY: &str = "LAKEKEEPER_TEST_NATS_BINARY";

/// A `nats-server` for one test. It is killed when this is dropped.
struct Server {
    port: u16,
    child: Child,
    folder: TempDir,
}

impl Server {
    /// Starts a server with a configuration in which `{folder}` stands for its own folder.
    fn start(config: &str, folder: TempDir) -> Self {
        let probe = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = probe.local_addr().unwrap().port();
        drop(probe);
        let config = config.replace("{folder}", folder.path().to_str().unwrap());
        let config = format!("listen: 127.0.0.1:{port}\n{config}");
        std::fs::write(folder.path().join("nats.conf"), config).unwrap();
        let child = run(folder.path());
        let server = Self {
            port,
            child,
            folder,
        };
        server.wait();
        server
    }

    fn wait(&self) {
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.path().join("nats.log"));
        panic!("nats-server does not listen: {log:?}");
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn start_again(&mut self) {
        self.child = run(self.folder.path());
        self.wait();
    }

    fn config(&self, credentials: Credentials, mode: Mode) -> NatsConfig {
        config(self.port, credentials, mode)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run(folder: &Path) -> Child {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told by variables where programs are"
    )]
    let program = std::env::var(BINARY)
        .unwrap_or_else(|_| panic!("{BINARY} is not set: run this with tests/with-services"));
    let log = std::fs::File::create(folder.join("nats.log")).unwrap();
    let mut command = Command::new(program);
    command.arg("-c").arg(folder.join("nats.conf"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(log).spawn().unwrap()
}

fn config(port: u16, credentials: Credentials, mode: Mode) -> NatsConfig {
    NatsConfig {
        servers: vec![format!("nats://127.0.0.1:{port}").parse().unwrap()],
        subject: "lake.events".to_owned(),
        credentials,
        mode,
        root_certificates: None,
    }
}

fn password() -> Zeroizing<String> {
    SECRET.to_owned().into()
}

fn as_user() -> Credentials {
    Credentials::User("lakekeeper".to_owned(), password())
}

/// A server and a subscriber that gets all its messages.
struct Sink {
    server: Server,
    mode: Mode,
    messages: Mutex<Subscriber>,
}

impl Sink {
    async fn start(server: Server, options: ConnectOptions, mode: Mode) -> Self {
        let address = format!("nats://127.0.0.1:{}", server.port);
        let client = options.connect(address).await.unwrap();
        let messages = client.subscribe("lake.events").await.unwrap();
        client.flush().await.unwrap();
        if mode == Mode::JetStream {
            let stream = stream::Config {
                name: "lake".to_owned(),
                subjects: vec!["lake.>".to_owned()],
                ..stream::Config::default()
            };
            jetstream::new(client).create_stream(stream).await.unwrap();
        }
        Self {
            server,
            mode,
            messages: Mutex::new(messages),
        }
    }

    async fn next(&self) -> Value {
        let mut messages = self.messages.lock().await;
        let message = tokio::time::timeout(Duration::from_secs(30), messages.next());
        serde_json::from_slice(&message.await.unwrap().unwrap().payload).unwrap()
    }
}

#[async_trait]
impl Subject for Sink {
    fn publisher(&self) -> Arc<dyn Publisher> {
        Arc::new(NatsPublisher::new(self.server.config(as_user(), self.mode)))
    }

    fn unreachable(&self) -> Arc<dyn Publisher> {
        // Nothing listens on port 1, which only root may use.
        Arc::new(NatsPublisher::new(config(1, as_user(), self.mode)))
    }

    async fn arrived(&self, count: usize) -> Vec<Value> {
        let mut arrived = Vec::new();
        while arrived.len() < count {
            arrived.push(self.next().await);
        }
        arrived
    }

    fn secret(&self) -> Option<&str> {
        Some(SECRET)
    }
}

fn with_user() -> String {
    format!(
        "authorization {{ user: lakekeeper, password: \"{SECRET}\" }}
         jetstream {{ store_dir: \"{{folder}}/store\" }}"
    )
}

fn listener() -> ConnectOptions {
    ConnectOptions::with_user_and_password("lakekeeper".to_owned(), SECRET.to_owned())
}

#[tokio::test]
async fn core_nats_is_a_publisher() {
    let server = Server::start(&with_user(), TempDir::new().unwrap());
    check(&Sink::start(server, listener(), Mode::Core).await).await;
}

#[tokio::test]
async fn jetstream_is_a_publisher() {
    let server = Server::start(&with_user(), TempDir::new().unwrap());
    check(&Sink::start(server, listener(), Mode::JetStream).await).await;
}

async fn publish(config: NatsConfig) -> Result<(), PublishError> {
    let event = sample(1, Uuid::new_v4(), &json!({}));
    NatsPublisher::new(config).publish(&event).await
}

fn is_unavailable(ended: &Result<(), PublishError>) -> bool {
    matches!(ended, Err(PublishError::Unavailable(_)))
}

#[tokio::test]
async fn a_token_lets_in_and_a_wrong_one_does_not() {
    let config = format!("authorization {{ token: \"{SECRET}\" }}");
    let server = Server::start(&config, TempDir::new().unwrap());
    let with = |token: &str| {
        let credentials = Credentials::Token(token.to_owned().into());
        publish(server.config(credentials, Mode::Core))
    };
    with(SECRET).await.unwrap();
    assert!(is_unavailable(&with("another").await));
    assert!(is_unavailable(
        &publish(server.config(Credentials::None, Mode::Core)).await
    ));
}

/// The configuration of a server that trusts an operator, and the credentials file of a user.
fn with_operator() -> (String, String) {
    let (operator, account, user) = (
        KeyPair::new_operator(),
        KeyPair::new_account(),
        KeyPair::new_user(),
    );
    let unlimited = json!({ "subs": -1, "conn": -1, "leaf": -1, "imports": -1, "exports": -1, "data": -1, "payload": -1, "wildcards": true });
    let operator_jwt = jwt(
        &operator,
        &operator,
        &json!({ "type": "operator", "version": 2 }),
    );
    let account_jwt = jwt(
        &operator,
        &account,
        &json!({ "type": "account", "version": 2, "limits": unlimited }),
    );
    let claims = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {} });
    let user_jwt = jwt(&account, &user, &claims);
    let config = format!(
        "operator: {operator_jwt}
         resolver: MEMORY
         resolver_preload: {{ {}: {account_jwt} }}",
        account.public_key()
    );
    let credentials = format!(
        "-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.seed().unwrap()
    );
    (config, credentials)
}

fn jwt(issuer: &KeyPair, subject: &KeyPair, nats: &Value) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = json!({
        "jti": Uuid::new_v4().to_string(), "iat": 1_700_000_000, "name": "test",
        "iss": issuer.public_key(), "sub": subject.public_key(), "nats": nats,
    });
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_credentials_file_lets_in() {
    let (config, credentials) = with_operator();
    let server = Server::start(&config, TempDir::new().unwrap());
    let right = Credentials::File(credentials.into());
    publish(server.config(right, Mode::Core)).await.unwrap();
    let (_, others) = with_operator();
    for wrong in [others.as_str(), "no credentials"] {
        let wrong = Credentials::File(wrong.to_owned().into());
        assert!(is_unavailable(
            &publish(server.config(wrong, Mode::Core)).await
        ));
    }
}

/// Writes a certificate for `localhost` and its key, and returns the certificate's path.
fn certificate(folder: &Path) -> PathBuf {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = folder.join("cert.pem");
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    certificate
}

#[tokio::test]
async fn tls_needs_a_certificate_that_is_believed() {
    let folder = TempDir::new().unwrap();
    let certificate = certificate(folder.path());
    let tls = "tls { cert_file: \"{folder}/cert.pem\", key_file: \"{folder}/key.pem\" }";
    let server = Server::start(tls, folder);
    let with = |root_certificates: Option<PathBuf>| {
        publish(NatsConfig {
            servers: vec![format!("tls://localhost:{}", server.port).parse().unwrap()],
            root_certificates,
            ..server.config(Credentials::None, Mode::Core)
        })
    };
    with(Some(certificate)).await.unwrap();
    assert!(is_unavailable(&with(None).await));
}

#[tokio::test]
async fn without_a_stream_nothing_counts_as_published() {
    let server = Server::start(&with_user(), TempDir::new().unwrap());
    let ended = publish(server.config(as_user(), Mode::JetStream)).await;
    assert!(is_unavailable(&ended), "{ended:?}");
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let config = format!("max_payload: 20000\n{}", with_user());
    let server = Server::start(&config, TempDir::new().unwrap());
    for mode in [Mode::Core, Mode::JetStream] {
        let sink = NatsPublisher::new(server.config(as_user(), mode));
        let event = sample(1, Uuid::new_v4(), &json!({ "x": "x".repeat(30_000) }));
        let ended = sink.publish(&event).await;
        assert!(matches!(ended, Err(PublishError::Refused(_))), "{ended:?}");
    }
}

/// Events that the server has stored survive, an event that it has not stored is reported as unavailable, and the
/// client restores the connection itself.
#[tokio::test]
async fn a_server_that_was_killed_is_found_again() {
    let server = Server::start(&with_user(), TempDir::new().unwrap());
    let sink = Sink::start(server, listener(), Mode::JetStream).await;
    let publisher = sink.publisher();
    let events: Vec<_> = (1..=3)
        .map(|number| sample(number, Uuid::new_v4(), &json!({ "number": number })))
        .collect();
    publisher.publish(&events[0]).await.unwrap();
    let Sink { mut server, .. } = sink;
    server.kill();
    assert!(is_unavailable(&publisher.publish(&events[1]).await));
    server.start_again();
    let mut tries = 0;
    while publisher.publish(&events[1]).await.is_err() {
        tries += 1;
        assert!(tries < 300, "it has not come back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    publisher.publish(&events[2]).await.unwrap();
    let address = format!("nats://127.0.0.1:{}", server.port);
    let client = listener().connect(address).await.unwrap();
    let stream = jetstream::new(client).get_stream("lake").await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 3);
}
