//! Prometheus metrics on a port of their own, so that they need not be shown to clients.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::Error;

/// How often what was measured is folded into buckets, if nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);
/// Upper bounds of what durations are counted by, in seconds.
const BUCKETS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Starts counting what the process measures. There is one count per process: later calls get the first one's.
pub fn install() -> Result<PrometheusHandle, Error> {
    static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = installed.as_ref() {
        return Ok(handle.clone());
    }
    let durations = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(durations, &BUCKETS);
    let recorder = builder.and_then(PrometheusBuilder::install_recorder);
    let handle = recorder.map_err(|error| Error::Metrics(error.to_string()))?;
    metrics::gauge!("lakekeeper_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(installed.insert(handle).clone())
}

/// `GET /metrics`. Must be called within a Tokio runtime, on which the upkeep runs.
pub fn router(handle: PrometheusHandle) -> Router {
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    let page = move || async move {
        (
            [(CONTENT_TYPE, "text/plain; version=0.0.4")],
            handle.render(),
        )
    };
    Router::new().route("/metrics", get(page))
}
