//! Accepts connections and serves them until it is told to stop; requests in flight may then finish.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulConnection;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// Most concurrent requests on one HTTP/2 connection.
const STREAMS: u32 = 256;
/// Most bytes of headers of one HTTP/2 request. HTTP/1 allows more, and a bearer token alone may have 16 KiB.
const HEADERS_BYTES: u32 = 64 << 10;
/// How often an HTTP/2 client is pinged; hyper closes the connection if no reply comes within 20 seconds.
const PING: Duration = Duration::from_mins(1);
/// Pause after a failed `accept`: the system lacks file descriptors or memory, and will for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How many times a connection is checked within [`Limits::first_request`].
const LOOKS: u32 = 4;

/// Opens a port. `setting` is the setting to name in the error if the port is taken.
pub async fn bind(address: SocketAddr, setting: &'static str) -> Result<TcpListener, Error> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { address, setting },
        _ => Error::Bind { address, source },
    })
}

/// Limits on connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most open connections. Further ones are accepted as others end.
    pub connections: usize,
    /// How long a connection may be open without having sent a request.
    pub first_request: Duration,
    /// How long a connection may be open after its last request began. Must be longer than load balancers and
    /// clients' pools keep idle connections: a request that arrives on a closing connection fails, and the client
    /// does not know whether it was executed.
    pub idle: Duration,
    /// How long a connection may be open after its last request began while the client has not read the whole response.
    pub unread: Duration,
    /// How long requests in flight may take after the stop.
    pub patience: Duration,
}

/// A message to all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Check how long you have been idle. There is one clock for all connections, because a timer per request would
    /// cost more than the rest of some answers.
    CheckIdle,
    /// Finish the requests in flight and close.
    Stop,
}

/// Serves connections until `stop`, then accepts no new ones and lets requests in flight finish. Returns the deadline
/// by which they must have finished, so that the caller can apply it to other work too.
pub async fn serve<S>(
    listener: TcpListener,
    service: S,
    stop: CancellationToken,
    limits: Limits,
) -> Instant
where
    S: tower::Service<Request<Incoming>, Response = Response, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let (signal, _) = watch::channel(Signal::CheckIdle);
    let builder = builder();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut looks = interval(limits.first_request / LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = pin!(stop.cancelled());
    loop {
        let next = async {
            // The semaphore is never closed, so this cannot fail.
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            _ = looks.tick() => {
                signal.send_replace(Signal::CheckIdle);
                continue;
            }
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let begun = Arc::new(AtomicU64::new(0));
                let service = Counted {
                    begun: Arc::clone(&begun),
                    service: TowerToHyperService::new(service.clone()),
                };
                let connection = builder.serve_connection(TokioIo::new(no_delay(stream)), service);
                let connection = connection.into_owned();
                let (silence, signals) = (Silence::of(begun, limits), signal.subscribe());
                tokio::spawn(async move {
                    run(connection, silence, signals).await;
                    drop(place);
                });
            }
            // The client has disconnected before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections at the moment");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    signal.send_replace(Signal::Stop);
    let (open, patience) = (signal.receiver_count(), limits.patience);
    let deadline = Instant::now() + patience;
    if timeout_at(deadline, signal.closed()).await.is_err() {
        tracing::warn!(
            ?patience,
            open,
            "connections were cut off: requests took too long to finish"
        );
    }
    deadline
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // Idle connections are closed by `run`, so hyper's own timeout is off.
        .header_read_timeout(None)
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(PING))
        .max_header_list_size(HEADERS_BYTES)
        .max_concurrent_streams(STREAMS);
    builder
}

/// Disables Nagle's algorithm: answers are written whole, so nothing is gained by waiting for more data.
fn no_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    stream
}

/// Serves the connection until it ends or has been idle for too long.
async fn run<C>(connection: C, mut silence: Silence, mut signals: watch::Receiver<Signal>)
where
    C: GracefulConnection<Error: fmt::Display>,
{
    let mut connection = pin!(connection);
    let ended = loop {
        let received = tokio::select! {
            biased;
            ended = &mut connection => break ended,
            received = signals.changed() => received.map(|()| *signals.borrow_and_update()),
        };
        if !matches!(received, Ok(Signal::CheckIdle)) {
            // hyper would wait for the rest of a first request that has arrived in part.
            if silence.is_mute() {
                return;
            }
            connection.as_mut().graceful_shutdown();
            break connection.await;
        }
        match silence.look() {
            Look::Fine => {}
            Look::Idle => connection.as_mut().graceful_shutdown(),
            Look::Mute => return tracing::debug!("a connection asked for nothing"),
            Look::Unread => return tracing::debug!("a client did not read its answer"),
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Tracks how long a connection has sent no request.
struct Silence {
    /// Number of requests received on the connection.
    begun: Arc<AtomicU64>,
    /// The value of `begun` at the last check.
    seen: u64,
    since: Instant,
    limits: Limits,
}

/// The result of checking a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// The connection may stay open.
    Fine,
    /// The last request was too long ago.
    Idle,
    /// No request has ever come.
    Mute,
    /// The client does not read the response.
    Unread,
}

impl Silence {
    fn of(begun: Arc<AtomicU64>, limits: Limits) -> Self {
        Self {
            begun,
            seen: 0,
            since: Instant::now(),
            limits,
        }
    }

    fn look(&mut self) -> Look {
        let begun = self.begun.load(Ordering::Relaxed);
        if begun != self.seen {
            (self.seen, self.since) = (begun, Instant::now());
        }
        let silent = self.since.elapsed();
        match begun {
            0 if silent >= self.limits.first_request => Look::Mute,
            1.. if silent >= self.limits.unread => Look::Unread,
            1.. if silent >= self.limits.idle => Look::Idle,
            _ => Look::Fine,
        }
    }

    /// Whether no request has come on the connection yet.
    fn is_mute(&self) -> bool {
        self.begun.load(Ordering::Relaxed) == 0
    }
}

/// A service that counts the requests of a connection.
struct Counted<S> {
    begun: Arc<AtomicU64>,
    service: S,
}

impl<R, S: Service<R>> Service<R> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, request: R) -> Self::Future {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.service.call(request)
    }
}

#[cfg(test)]
mod tests;
