//! A fake of a service that the catalog calls: an HTTP server on a local port.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An answer of the service.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: String,
    /// How long to wait before the answer is sent.
    pub delay: Duration,
}

impl Reply {
    /// An answer with this status and body, without headers and delay.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    /// A 200 with this body.
    pub fn json(body: &Value) -> Self {
        Self::new(200, body.to_string())
    }

    /// The same answer with this delay.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A request to the service.
#[derive(Debug, Clone)]
pub struct ServiceCall {
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl ServiceCall {
    /// The body as JSON.
    ///
    /// # Panics
    /// If the body is something else.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Respond = Arc<dyn Fn(ServiceCall) -> BoxFuture<'static, Reply> + Send + Sync>;

struct Inner {
    respond: Mutex<Respond>,
    calls: Mutex<Vec<ServiceCall>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Records its requests and gives the configured answers. It stops when it is dropped.
pub struct Service {
    /// The URI of the service.
    pub address: String,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

impl fmt::Debug for Service {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Service")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn always(reply: Reply) -> Respond {
    Arc::new(move |_| {
        let reply = reply.clone();
        Box::pin(async { reply })
    })
}

impl Service {
    /// Starts a service that gives this answer to all requests.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(reply: Reply) -> Self {
        let inner = Arc::new(Inner {
            respond: Mutex::new(always(reply)),
            calls: Mutex::default(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(serve)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            address,
            inner,
            server,
        }
    }

    /// Gives this answer from now on.
    pub fn answer(&self, reply: Reply) {
        *lock(&self.inner.respond) = always(reply);
    }

    /// Computes the answers by this function from now on.
    pub fn answer_with<F>(&self, respond: impl Fn(ServiceCall) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        *lock(&self.inner.respond) = Arc::new(move |call| Box::pin(respond(call)));
    }

    /// The requests since the last call.
    pub fn take(&self) -> Vec<ServiceCall> {
        std::mem::take(&mut lock(&self.inner.calls))
    }

    /// The largest number of concurrent requests so far.
    pub fn most_at_once(&self) -> usize {
        self.inner.most.load(Ordering::SeqCst)
    }
}

async fn serve(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let call = ServiceCall { headers, body };
    lock(&inner.calls).push(call.clone());
    let now = inner.now.fetch_add(1, Ordering::SeqCst) + 1;
    inner.most.fetch_max(now, Ordering::SeqCst);
    let respond = Arc::clone(&lock(&inner.respond));
    let reply = respond(call).await;
    tokio::time::sleep(reply.delay).await;
    inner.now.fetch_sub(1, Ordering::SeqCst);
    let header = |(name, value): (&'static str, &'static str)| {
        (HeaderName::from_static(name), value.parse().unwrap())
    };
    let headers = reply.headers.into_iter().map(header).collect();
    let status = StatusCode::from_u16(reply.status).unwrap();
    (status, headers, reply.body)
}
