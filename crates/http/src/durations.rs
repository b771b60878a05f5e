//! A histogram of how long requests take, by method, route and status.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use foldhash::fast::RandomState;
use http::{Method, StatusCode};
use metrics::Histogram;

const NAME: &str = "lakekeeper_http_request_duration_seconds";

/// The histograms in use so far: finding one here costs less than looking it up by its labels for each request.
#[derive(Default)]
pub(crate) struct Durations(RwLock<HashMap<String, ByOutcome, RandomState>>);

type ByOutcome = HashMap<(&'static str, StatusCode), Histogram, RandomState>;

impl Durations {
    /// Records the duration of a request.
    pub(crate) fn record(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let outcome = (known_method(method), status);
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(histogram) = known.get(route).and_then(|all| all.get(&outcome)) {
            return histogram.record(elapsed.as_secs_f64());
        }
        drop(known);
        let labels = [
            ("method", outcome.0.to_owned()),
            ("route", route.to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        let histogram = metrics::histogram!(NAME, &labels);
        histogram.record(elapsed.as_secs_f64());
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let all = known.entry(route.to_owned()).or_default();
        all.insert(outcome, histogram);
    }
}

/// The method as a label. A client may send any word as a method, so all non-standard methods share the label `other`.
pub(crate) fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_methods_share_one_label() {
        let durations = Durations::default();
        for method in ["GET", "BREW", "WHEN"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            durations.record(&method, "/health", StatusCode::OK, Duration::ZERO);
        }
        let known = durations.0.read().unwrap();
        assert_eq!(known.get("/health").map(HashMap::len), Some(2));
    }
}
