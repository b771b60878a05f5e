//! Opens the ports of a built catalog and serves until it is told to stop.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{Error, Lakekeeper, bootstrapped, listener, metrics};

/// A catalog with open ports. Clients can connect; their requests are answered once [`Bound::serve`] runs.
#[derive(Debug)]
pub struct Bound {
    api: TcpListener,
    metrics: TcpListener,
    lakekeeper: Lakekeeper,
}

impl Lakekeeper {
    /// Opens the port of the APIs and that of the metrics.
    pub async fn bind(self) -> Result<Bound, Error> {
        bootstrapped::log(&self).await?;
        let addresses = &self.config.addresses;
        Ok(Bound {
            api: listener::bind(addresses.api(), "LISTEN_PORT").await?,
            metrics: listener::bind(addresses.metrics(), "METRICS_PORT").await?,
            lakekeeper: self,
        })
    }
}

impl Bound {
    /// The address of the APIs. If port 0 was configured, it has the port that the system chose.
    pub fn api_address(&self) -> Result<SocketAddr, Error> {
        local(&self.api)
    }

    /// The address of the metrics.
    pub fn metrics_address(&self) -> Result<SocketAddr, Error> {
        local(&self.metrics)
    }

    /// Answers requests and does background work until `stop`, then finishes what is in flight.
    pub async fn serve(self, stop: CancellationToken) -> Result<(), Error> {
        let measured = metrics::router(metrics::install()?);
        let service = self.lakekeeper.service();
        let workers = self.lakekeeper.start_workers();
        tracing::info!(
            api = %self.api_address()?,
            metrics = %self.metrics_address()?,
            version = env!("CARGO_PKG_VERSION"),
            "serving"
        );
        let limits = self.lakekeeper.config.process.limits;
        let metrics = tokio::spawn(listener::serve(
            self.metrics,
            measured,
            stop.clone(),
            limits,
        ));
        // Give claimed tasks back right at the stop, so that other processes can take them over. Requests in flight
        // may outlast the orchestrator's grace period, and then this process is killed.
        let told = async {
            stop.cancelled().await;
            workers.give_back();
        };
        let served = listener::serve(self.api, service, stop.clone(), limits);
        let (deadline, ()) = tokio::join!(served, told);
        finish(&self.lakekeeper.changes, deadline).await;
        workers.stop(deadline).await;
        // A request for metrics may be cut off.
        metrics.abort();
        tracing::info!("stopped");
        Ok(())
    }
}

/// Waits until `deadline` for changes whose clients have disconnected: these run on without a connection.
async fn finish(changes: &TaskTracker, deadline: Instant) {
    changes.close();
    if timeout_at(deadline, changes.wait()).await.is_err() {
        let left = changes.len();
        tracing::warn!(left, "changes were cut off: they took too long to finish");
    }
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Error> {
    listener.local_addr().map_err(|source| Error::System {
        what: "the address of a port is not known",
        source,
    })
}
