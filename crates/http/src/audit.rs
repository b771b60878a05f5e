//! Audits the outcome of each request that may change something.

use std::sync::Arc;

use axum::extract::Request;
use catalog::audit::{Changed, Outcome};
use catalog::{Catalog, RequestOrigin};
use http::StatusCode;
use model::Caller;

use crate::app::App;
use crate::extract::{origin, route};

/// Suffixes of the `POST` routes that change nothing. Their authorization decisions are audited, but no change.
const QUESTIONS: [&str; 7] = [
    "/sign",
    "/metrics",
    "/permissions/check",
    "/batch-check",
    "/endpoint-statistics",
    "/task/list",
    "/search-tabular",
];

/// A request that may change something. It is audited on drop, because the change may happen even if the client has disconnected
/// and the handler's future is dropped before there is an answer.
pub(crate) struct Pending {
    catalog: Arc<Catalog>,
    caller: Caller,
    origin: RequestOrigin,
    operation: String,
    path: String,
    status: Option<StatusCode>,
}

impl Pending {
    /// `None` for a request that changes nothing.
    pub(crate) fn of(app: &App, request: &Request) -> Option<Self> {
        let route = route(request.extensions())?;
        let is_question = route.contains("/v1/search/")
            || QUESTIONS.iter().any(|question| route.ends_with(question));
        if request.method().is_safe() || is_question {
            return None;
        }
        let caller = request.extensions().get::<Caller>();
        Some(Self {
            catalog: Arc::clone(&app.catalog),
            caller: caller.cloned().unwrap_or(Caller::Anonymous),
            origin: origin(app, request.headers(), request.extensions()),
            operation: format!("{} {route}", request.method()),
            path: request.uri().path().to_owned(),
            status: None,
        })
    }

    /// Audits the request with the status of its answer.
    pub(crate) fn answered(mut self, status: StatusCode) {
        self.status = Some(status);
    }

    fn outcome(&self) -> Outcome {
        match self.status {
            Some(status) if status.is_success() || status.is_redirection() => Outcome::Success,
            Some(StatusCode::SERVICE_UNAVAILABLE) => Outcome::Refused,
            Some(status) if status.is_client_error() => Outcome::Refused,
            _ => Outcome::Unknown,
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.catalog.log_changed(&Changed {
            caller: &self.caller,
            origin: &self.origin,
            operation: &self.operation,
            path: &self.path,
            outcome: self.outcome(),
            status: self.status.map(|status| status.as_u16()),
        });
    }
}
