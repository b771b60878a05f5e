//! The layer around every request: its id, span and log line, its time limit, panics, metrics, and the coding of its answer.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use catalog::{Call, CallCounters};
use futures::FutureExt;
use http::header::HOST;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use model::{ProjectId, RequestId, WarehouseId};
use tower::{Layer, Service};
use tracing::{Instrument, Span};

use crate::durations::{Durations, known_method};
use crate::encode::Accepted;
use crate::error::{ApiError, RefusalKind};
use crate::extract::{Route, project, warehouse_at};

/// The header with the request's id, which logs and answers name too.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts [`Observed`] around services.
#[derive(Clone)]
pub(crate) struct Observe {
    longest: Duration,
    tallies: Arc<Tallies>,
}

/// The metrics and statistics in which requests are counted.
struct Tallies {
    durations: Durations,
    calls: Arc<CallCounters>,
}

impl Observe {
    /// Answers a request that takes longer than `longest` with an error, and counts calls in `calls`.
    pub(crate) fn within(longest: Duration, calls: &Arc<CallCounters>) -> Self {
        let tallies = Tallies {
            durations: Durations::default(),
            calls: Arc::clone(calls),
        };
        Self {
            longest,
            tallies: Arc::new(tallies),
        }
    }
}

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed {
            inner,
            layer: self.clone(),
        }
    }
}

/// One service for several concerns: a layer for each would box the request's future again.
#[derive(Clone)]
pub(crate) struct Observed<S> {
    inner: S,
    layer: Observe,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let facts = RequestFacts::of(&request);
        request.extensions_mut().insert(facts.id.clone());
        name_host(&mut request);
        let accepted = Accepted::of(request.headers());
        let (longest, tallies) = (self.layer.longest, Arc::clone(&self.layer.tallies));
        let answer = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            let answer = tokio::time::timeout(longest, answer.instrument(facts.span.clone()));
            let response = match answer.await {
                Ok(Ok(Ok(response))) => response,
                Ok(Err(panic)) => facts.span.in_scope(|| panicked(panic.as_ref())),
                Err(_) => too_long(&facts.method, longest),
            };
            let response = match response.status() {
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => response.map(|_| no_body()),
                _ => accepted.encode(response),
            };
            Ok(facts.record(response, &tallies))
        })
    }
}

/// The body of a response that must not have one. For an empty body axum would write `content-length: 0`, which is wrong
/// for 204, and for 304 and `HEAD` where the response to `GET` has another length (RFC 9110, section 8.6).
pub(crate) fn no_body() -> Body {
    Body::from_stream(futures::stream::empty::<Result<Bytes, Infallible>>())
}

/// Copies the host of an HTTP/2 request from the URI (RFC 9113, section 8.3.1) to the `host` header, where handlers read it.
fn name_host(request: &mut Request) {
    let authority = request.uri().authority();
    let host = authority.and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().entry(HOST).or_insert(host);
    }
}

/// The facts about a request that are logged and counted once it is answered.
struct RequestFacts {
    id: RequestId,
    method: Method,
    route: Option<Route>,
    about: About,
    /// Only if requests are logged.
    path: Option<String>,
    span: Span,
    start: Instant,
}

impl RequestFacts {
    fn of(request: &Request) -> Self {
        let given = request.headers().get(REQUEST_ID);
        let given = given.and_then(|id| id.to_str().ok()?.parse().ok());
        let id: RequestId = given.unwrap_or_else(RequestId::generate);
        let span = tracing::info_span!("request", request.id = id.as_str());
        let is_logged = tracing::enabled!(tracing::Level::INFO);
        let route = Route::of(request.extensions());
        Self {
            id,
            method: request.method().clone(),
            about: About::of(request, route.as_ref().map(Route::as_str)),
            route,
            path: is_logged.then(|| request.uri().path().to_owned()),
            span,
            start: Instant::now(),
        }
    }

    fn record(self, mut response: Response, tallies: &Tallies) -> Response {
        let (method, elapsed, status) = (&self.method, self.start.elapsed(), response.status());
        if let Some(path) = self.path {
            let duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
            let kind = response.extensions().get().map(|RefusalKind(kind)| *kind);
            self.span.in_scope(|| {
                tracing::info!(%method, path, status = status.as_u16(), error.kind = kind, duration_us, "answered");
            });
        }
        let route = self.route.as_ref().map_or("none", Route::as_str);
        tallies.durations.record(method, route, status, elapsed);
        if let About::Api(warehouse, project) = self.about {
            tallies.calls.record(Call {
                method: known_method(method),
                route,
                status: status.as_u16(),
                warehouse,
                project,
            });
        }
        if let Ok(id) = HeaderValue::from_str(self.id.as_str()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

/// The warehouse or project that a request names: what its call is counted for.
enum About {
    /// A call of an API, with the warehouse in its path and the project in its header, where given.
    Api(Option<WarehouseId>, Option<ProjectId>),
    /// No call of an API: not counted.
    Nothing,
}

impl About {
    fn of(request: &Request, route: Option<&str>) -> Self {
        let apis = ["/catalog/", "/management/", "/lakekeeper/"];
        if !route.is_some_and(|route| apis.iter().any(|api| route.starts_with(api))) {
            return Self::Nothing;
        }
        let warehouse = warehouse_at(request);
        Self::Api(warehouse, project(request.headers()).ok().flatten())
    }
}

/// Answers a request whose handler panicked, so that the connection and its other requests survive.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(
        panic = said.unwrap_or("unknown"),
        "a request's handler panicked"
    );
    let message =
        "internal error; the server's log has the details, under the id in `x-request-id`";
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    ApiError::new(status, "InternalServerError", message).into_response()
}

/// Answers a request that takes too long. A change may still be applied, so its answer must not be a 4xx: the client would take
/// the change for refused and delete the files that it has written (REST specification, `CommitStateUnknownException`).
fn too_long(method: &Method, longest: Duration) -> Response {
    let message = format!(
        "the request took longer than {} s (`LAKEKEEPER__MAX_REQUEST_TIME`)",
        longest.as_secs()
    );
    let error = if method.is_safe() {
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message)
    } else {
        let message = format!("{message}; the change may still be applied");
        ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "CommitStateUnknownException",
            message,
        )
    };
    error.into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::to_bytes;
    use axum::routing::get;
    use model::SystemClock;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    async fn asked(router: &Router, path: &str) -> (StatusCode, String, Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let id = response.headers()[REQUEST_ID].to_str().unwrap().to_owned();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 10).await.unwrap();
        (status, id, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_answered_in_the_error_model_and_costs_no_other_request() {
        let counters = Arc::new(CallCounters::new(Arc::new(SystemClock)));
        let router = Router::new()
            .route("/bug", get(async || -> String { panic!("a secret") }))
            .route("/well", get(async || "1"))
            .layer(Observe::within(Duration::from_mins(1), &counters));
        let (status, id, body) = asked(&router, "/bug").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["error"]["type"], "InternalServerError");
        assert!(!body.to_string().contains("secret"), "{body}");
        assert!(!id.is_empty());
        assert_eq!(asked(&router, "/well").await.0, StatusCode::OK);
    }
}
