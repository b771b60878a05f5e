//! Prometheus metrics on their own port, so that API clients need not be able to reach them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::Error;

/// How often recorded durations are folded into buckets if `/metrics` is not requested.
const UPKEEP: Duration = Duration::from_secs(5);
/// Upper bounds of the histogram buckets for durations, in seconds.
const BUCKETS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Installs the metrics recorder of this process. Later calls return the handle of the first one.
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

/// The route `GET /metrics`. Must be called within a Tokio runtime, because it spawns the recorder's upkeep.
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
