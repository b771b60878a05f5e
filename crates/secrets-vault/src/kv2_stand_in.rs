//! A stand-in for Vault with a KV v2 engine, for tests, as Vault's API documentation describes it: logins with
//! expiring leases, 403 for unknown or expired tokens and for forbidden requests, soft deletion as well as deletion
//! of all versions, check-and-set, sealing.
//!
//! It shows what the catalog does in situations that are hard to create with a real Vault. That a real Vault behaves
//! like this is up to the tests with a real Vault.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot be set up has failed"
)]

mod answers;

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use secrets::Plaintext;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::{Login, Source, VaultConfig};

/// Mount path of the KV v2 engine. It has two segments, as a mount path may.
pub const MOUNT: &str = "team/kv";
/// The user name that is accepted.
pub const USER: &str = "lake keeper";
/// The password of the user.
pub const PASSWORD: &str = "hunter2";
/// The role id of the `AppRole` that is accepted.
pub const ROLE_ID: &str = "role";
/// The secret id of the `AppRole`.
pub const SECRET_ID: &str = "hunter3";
/// The service account token that is accepted.
pub const JWT: &str = "e30.e30.e30";

/// A running stand-in. It stops when this is dropped.
#[derive(Debug)]
pub struct Kv2StandIn {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

/// The behaviour of the stand-in, and counts of what it has done.
#[derive(Debug, Default)]
pub struct State {
    /// How long a token lasts without renewal; zero means forever.
    pub lease: Duration,
    /// How long a token lasts at most, with renewals; zero means forever.
    pub max_ttl: Duration,
    /// Whether the stand-in is sealed.
    pub is_sealed: bool,
    /// Whether the policy forbids everything in the mount.
    pub denies: bool,
    /// The version of the KV secrets engine that the mount reports.
    pub kv_version: Option<&'static str>,
    /// The namespace that requests must name.
    pub namespace: Option<&'static str>,
    /// How many of the next requests are executed, but answered with 502.
    pub lost_answers: usize,
    /// How many of the next requests are answered with 502 without being executed.
    pub failures: usize,
    /// How long each answer is delayed.
    pub delay: Duration,
    /// How many logins have succeeded.
    pub logins: usize,
    /// How many times a token was renewed.
    pub renewals: usize,
    /// How many requests have come.
    pub requests: usize,
    tokens: HashMap<String, Lease>,
    /// Versions of secrets by path below the mount; `None` for a version that was deleted.
    secrets: BTreeMap<String, Vec<Option<Value>>>,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    until: Option<Instant>,
    at_most: Option<Instant>,
}

impl State {
    /// Creates a token with the present lease and longest life.
    pub fn give_token(&mut self) -> String {
        let text = format!("hvs.{}", rand::random::<u64>());
        let now = Instant::now();
        let end = |span: Duration| (!span.is_zero()).then(|| now + span);
        let lease = Lease {
            until: end(self.lease),
            at_most: end(self.max_ttl),
        };
        self.tokens.insert(text.clone(), lease);
        text
    }

    /// Revokes all tokens.
    pub fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    /// The paths of all secrets, including soft-deleted ones.
    pub fn paths(&self) -> Vec<String> {
        self.secrets.keys().cloned().collect()
    }

    /// The newest version of a secret; `None` if it was deleted.
    pub fn secret(&self, path: &str) -> Option<&Value> {
        self.secrets.get(path)?.last()?.as_ref()
    }

    /// Writes a secret as if another client had done it.
    pub fn put(&mut self, path: &str, data: Value) {
        let versions = self.secrets.entry(path.to_owned()).or_default();
        versions.push(Some(data));
    }

    /// Soft-deletes the newest version of a secret as if another client had done it.
    pub fn soft_delete(&mut self, path: &str) {
        let newest = self.secrets.get_mut(path).and_then(|all| all.last_mut());
        *newest.unwrap() = None;
    }
}

impl Drop for Kv2StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Kv2StandIn {
    /// Starts a stand-in whose tokens last for an hour.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            lease: Duration::from_hours(1),
            kv_version: Some("2"),
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| serve(request, Arc::clone(&state)));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self {
            address,
            state,
            task,
        }
    }

    /// The state of the stand-in, to be read and changed.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration to reach the stand-in with this login.
    pub fn config(&self, login: Login) -> VaultConfig {
        VaultConfig {
            url: format!("http://{}", self.address).parse().unwrap(),
            mount: MOUNT.to_owned(),
            login,
            namespace: None,
            ca_file: None,
        }
    }

    /// The login as [`USER`].
    pub fn user() -> Login {
        Login::UserPass {
            mount: "userpass".to_owned(),
            user: USER.to_owned(),
            password: Source::Text(Plaintext::new(PASSWORD)),
        }
    }

    /// The login with [`ROLE_ID`].
    pub fn app_role() -> Login {
        Login::AppRole {
            mount: "approle".to_owned(),
            role_id: ROLE_ID.to_owned(),
            secret_id: Some(Source::Text(Plaintext::new(SECRET_ID))),
        }
    }
}

/// The parts of a request that matter.
struct Asked {
    method: String,
    /// The percent-decoded path below `/v1/`.
    path: String,
    token: Option<String>,
    namespace: Option<String>,
    body: Value,
}

async fn serve(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        Some(value.to_str().ok()?.to_owned())
    };
    let path = request.uri().path().replace("%20", " ");
    let (token, namespace) = (header("x-vault-token"), header("x-vault-namespace"));
    let method = request.method().to_string();
    let body = request.into_body().collect().await;
    let body = body
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let asked = Asked {
        method,
        path: path.trim_start_matches("/v1/").to_owned(),
        token,
        namespace,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let delay = state.lock().unwrap_or_else(PoisonError::into_inner).delay;
    tokio::time::sleep(delay).await;
    let (status, body) = answers::answer(
        &mut state.lock().unwrap_or_else(PoisonError::into_inner),
        &asked,
    );
    let body = if body.is_null() {
        Bytes::new()
    } else {
        body.to_string().into()
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status.try_into().unwrap();
    Ok(response)
}
