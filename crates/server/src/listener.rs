//! From a socket to a router, and back to silence without cutting anybody off.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// How long a client may take to send the head of a request. hyper counts from the end of the answer before, so this is
/// also how long a connection may be idle: longer than load balancers and clients' pools keep theirs, because a
/// request that meets a closing connection fails without anybody knowing whether it was done.
const HEAD_TIMEOUT: Duration = Duration::from_mins(10);
/// Requests that one HTTP/2 connection may have open.
const STREAMS: u32 = 256;
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

/// Answers connections until `stop`, then takes no new ones and lets requests in flight finish, for `patience` at most.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    patience: Duration,
) {
    let connections = GracefulShutdown::new();
    let builder = builder();
    let mut stopped = pin!(stop.cancelled());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, _)) => answer(stream, &router, &builder, &connections),
            // The client has gone again.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections at the moment");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let open = connections.count();
    if tokio::time::timeout(patience, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            ?patience,
            open,
            "connections were cut off: requests took too long to finish"
        );
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS);
    builder
}

fn answer(
    stream: TcpStream,
    router: &Router,
    builder: &Builder<TokioExecutor>,
    connections: &GracefulShutdown,
) {
    // Answers are written whole: nothing is gained by waiting for more.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let service = TowerToHyperService::new(router.clone());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection.into_owned());
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = &*error, "a connection ended early");
        }
    });
}

#[cfg(test)]
mod tests;
