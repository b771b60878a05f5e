//! From a socket to a router, and back to silence without cutting anybody off.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// How long a client may take to send the head of a request. hyper counts from the end of the answer before, so this is
/// also how long a connection may be idle: longer than load balancers and clients' pools keep theirs, because a
/// request that meets a closing connection fails without anybody knowing whether it was done.
const HEAD_TIMEOUT: Duration = Duration::from_mins(10);
/// Requests that one HTTP/2 connection may have open.
const STREAMS: u32 = 256;
/// How often an HTTP/2 client is asked whether it is still there; hyper gives it 20 seconds to say so.
const PING: Duration = Duration::from_mins(1);
/// Pause after a failed `accept`: the system is short of file descriptors or memory, and will be for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Opens a port.
pub async fn bind(address: SocketAddr, setting: &'static str) -> Result<TcpListener, Error> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { address, setting },
        _ => Error::Bind { address, source },
    })
}

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many there may be at a time. Those beyond are taken when another one ends.
    pub connections: usize,
    /// How long one may be open before its first request has come.
    pub first_request: Duration,
    /// How long requests in flight may take after the stop.
    pub patience: Duration,
}

/// Answers connections until `stop`, then takes no new ones and lets requests in flight finish. Answers until when patience lasts.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    limits: Limits,
) -> Instant {
    let connections = GracefulShutdown::new();
    let builder = builder();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut stopped = pin!(stop.cancelled());
    loop {
        let next = async {
            // Never closed.
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let begun = Arc::new(Notify::new());
                let service = Told {
                    begun: Arc::clone(&begun),
                    service: TowerToHyperService::new(router.clone()),
                };
                let connection = builder.serve_connection(TokioIo::new(no_delay(stream)), service);
                let connection = connections.watch(connection.into_owned());
                tokio::spawn(async move {
                    run(connection, &begun, limits.first_request).await;
                    drop(place);
                });
            }
            // The client has gone again.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections at the moment");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let (open, patience) = (connections.count(), limits.patience);
    let deadline = Instant::now() + patience;
    if timeout_at(deadline, connections.shutdown()).await.is_err() {
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
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(PING))
        .max_concurrent_streams(STREAMS);
    builder
}

/// Answers are written whole: nothing is gained by waiting for more.
fn no_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    stream
}

/// Answers the connection to its end, or until it has said nothing for too long.
async fn run<E: fmt::Display>(
    connection: impl Future<Output = Result<(), E>>,
    begun: &Notify,
    first_request: Duration,
) {
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        begun = timeout(first_request, begun.notified()) => match begun {
            Ok(()) => connection.await,
            Err(_) => return tracing::debug!("a connection asked for nothing"),
        },
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Tells that a request has come.
struct Told<S> {
    begun: Arc<Notify>,
    service: S,
}

impl<R, S: Service<R>> Service<R> for Told<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, request: R) -> Self::Future {
        self.begun.notify_one();
        self.service.call(request)
    }
}

#[cfg(test)]
mod tests;
