//! A KV v2 of our own for tests, as the API documentation of Vault describes it: logins with leases that end, 403 for tokens that
//! are not known (any more) and for what is not allowed, soft deletion apart from the deletion of all, check-and-set, sealing.
//!
//! It proves what the catalog does in situations that a real Vault is not easily brought into. That a real Vault behaves so
//! is for the tests with a real Vault.

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

/// Where its KV v2 is mounted; two segments, as a mount may have.
pub const MOUNT: &str = "team/kv";
/// Its user.
pub const USER: &str = "lake keeper";
/// The password of its user.
pub const PASSWORD: &str = "hunter2";
/// The id of its role for machines.
pub const ROLE_ID: &str = "role";
/// The secret of that role.
pub const SECRET_ID: &str = "hunter3";
/// What it takes for the token of a service account.
pub const JWT: &str = "e30.e30.e30";

/// A running server; gone when it is dropped.
#[derive(Debug)]
pub struct Kv2StandIn {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

/// What it does, and what has happened to it.
#[derive(Debug, Default)]
pub struct State {
    /// How long a token counts; it does not end if this is zero.
    pub lease: Duration,
    /// How long a token counts however often it is renewed; not bounded if this is zero.
    pub max_ttl: Duration,
    /// Whether it waits to be unsealed.
    pub is_sealed: bool,
    /// Whether its policy allows the catalog nothing in the mount.
    pub denies: bool,
    /// The version of the KV secrets engine, as the mount tells it.
    pub kv_version: Option<&'static str>,
    /// The namespace that all is in.
    pub namespace: Option<&'static str>,
    /// So many requests from now on are answered 502, though they have been done.
    pub lost_answers: usize,
    /// So many requests from now on are answered 502, and have not been done.
    pub failures: usize,
    /// How long it takes.
    pub delay: Duration,
    /// How often somebody has logged in.
    pub logins: usize,
    /// How often a token was renewed.
    pub renewals: usize,
    /// How often it was asked for anything.
    pub requests: usize,
    tokens: HashMap<String, Lease>,
    /// By path below the mount; `None` for a version that was deleted.
    secrets: BTreeMap<String, Vec<Option<Value>>>,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    until: Option<Instant>,
    at_most: Option<Instant>,
}

impl State {
    /// Makes a token by the rules of the moment.
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

    /// Forgets all tokens, as a revocation does.
    pub fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    /// The paths of all secrets that are there, soft-deleted or not.
    pub fn paths(&self) -> Vec<String> {
        self.secrets.keys().cloned().collect()
    }

    /// The newest version of what is there.
    pub fn secret(&self, path: &str) -> Option<&Value> {
        self.secrets.get(path)?.last()?.as_ref()
    }

    /// Puts a secret there, as somebody else would.
    pub fn put(&mut self, path: &str, data: Value) {
        let versions = self.secrets.entry(path.to_owned()).or_default();
        versions.push(Some(data));
    }

    /// Deletes the newest version alone, as somebody else would.
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
    /// One whose tokens count for an hour.
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

    /// What it does and what has happened to it, to look at and to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it is reached with this login.
    pub fn config(&self, login: Login) -> VaultConfig {
        VaultConfig {
            url: format!("http://{}", self.address).parse().unwrap(),
            mount: MOUNT.to_owned(),
            login,
            namespace: None,
            ca_file: None,
        }
    }

    /// As its user.
    pub fn user() -> Login {
        Login::UserPass {
            mount: "userpass".to_owned(),
            user: USER.to_owned(),
            password: Source::Text(Plaintext::new(PASSWORD)),
        }
    }

    /// As its role for machines.
    pub fn app_role() -> Login {
        Login::AppRole {
            mount: "approle".to_owned(),
            role_id: ROLE_ID.to_owned(),
            secret_id: Some(Source::Text(Plaintext::new(SECRET_ID))),
        }
    }
}

/// One request, as far as it counts.
struct Asked {
    method: String,
    /// Decoded, below `/v1/`.
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
