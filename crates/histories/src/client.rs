//! HTTP requests to the replicas, with every way in which a request can end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use uuid::Uuid;

use crate::history::{Disturbance, Span};
use crate::recorder::Recorder;

/// Longer than any answer may take, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request, which can be sent to any replica.
#[derive(Debug, Clone)]
pub(crate) struct ApiRequest {
    pub(crate) method: Method,
    /// The whole path.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    /// Its idempotency key.
    pub(crate) key: Option<Uuid>,
    /// The entity tag that the client knows.
    pub(crate) etag: Option<String>,
}

impl ApiRequest {
    pub(crate) fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
            key: None,
            etag: None,
        }
    }

    fn to_http(&self, authority: &str) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(&self.method)
            .uri(format!("http://{authority}{}", self.path));
        if let Some(key) = self.key {
            request = request.header("idempotency-key", key.to_string());
        }
        if let Some(etag) = &self.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let body = self.body.as_ref().map(Value::to_string);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(Full::from(body.unwrap_or_default()))
    }
}

/// How a request ended.
#[derive(Debug)]
pub(crate) enum Reply {
    /// With an answer that is no 5xx.
    Answer(Answer),
    /// The request was never sent: nobody listens.
    NotReached,
    /// The request was answered 503, so nothing has happened.
    Unavailable,
    /// The request was sent, and it is not known whether it took effect.
    Unknown,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    /// Null if it was empty.
    pub(crate) body: Value,
}

/// The connections of the clients to the replicas.
#[derive(Debug)]
pub(crate) struct ReplicaClient {
    http: Client<HttpConnector, Full<Bytes>>,
    replicas: Vec<String>,
    recorder: Arc<Recorder>,
}

impl ReplicaClient {
    pub(crate) fn new(ports: &[u16], recorder: Arc<Recorder>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            http: Client::builder(TokioExecutor::new()).build(connector),
            replicas: ports
                .iter()
                .map(|port| format!("127.0.0.1:{port}"))
                .collect(),
            recorder,
        }
    }

    /// How many replicas there are.
    pub(crate) fn replicas(&self) -> usize {
        self.replicas.len()
    }

    /// Whether the replica reports that it is healthy. Nothing is recorded.
    pub(crate) async fn is_well(&self, replica: usize) -> bool {
        let request = ApiRequest::get("/health".to_owned());
        let asked = tokio::time::timeout(Duration::from_secs(5), self.exchange(replica, &request));
        matches!(asked.await, Ok(Ok((status, _, _))) if status.is_success())
    }

    /// Sends a request to a replica. With `cut` the client hangs up after that time, like a client whose network fails. A
    /// 5xx, a broken connection or a missing answer is recorded as a disturbance.
    pub(crate) async fn ask(
        &self,
        replica: usize,
        request: &ApiRequest,
        cut: Option<Duration>,
    ) -> (Span, Reply) {
        let began = self.recorder.now();
        let exchange = self.exchange(replica, request);
        let ended = tokio::time::timeout(cut.unwrap_or(PATIENCE), exchange).await;
        let span = Span {
            began,
            ended: self.recorder.now(),
        };
        let (status, said) = match ended {
            Ok(Ok((status, headers, body))) if !status.is_server_error() => {
                return (span, answer(status, &headers, &body));
            }
            Ok(Ok((status, _, body))) => {
                let said = String::from_utf8_lossy(&body).into_owned();
                (Some(status.as_u16()), said)
            }
            Ok(Err(Failed::NotReached(said))) => {
                self.disturbed(
                    replica,
                    span,
                    None,
                    format!("{} {}: {said}", request.method, request.path),
                );
                return (span, Reply::NotReached);
            }
            Ok(Err(Failed::Broken(said))) => (None, said),
            Err(_) if cut.is_some() => return (span, Reply::Unknown),
            Err(_) => (None, format!("no answer within {PATIENCE:?}")),
        };
        self.disturbed(
            replica,
            span,
            status,
            format!("{} {}: {said}", request.method, request.path),
        );
        if status == Some(StatusCode::SERVICE_UNAVAILABLE.as_u16()) {
            (span, Reply::Unavailable)
        } else {
            (span, Reply::Unknown)
        }
    }

    fn disturbed(&self, replica: usize, span: Span, status: Option<u16>, about: String) {
        let disturbance = Disturbance {
            replica,
            span,
            status,
            about,
        };
        self.recorder
            .add(|history| history.disturbances.push(disturbance));
    }

    async fn exchange(
        &self,
        replica: usize,
        request: &ApiRequest,
    ) -> Result<(StatusCode, HeaderMap, Bytes), Failed> {
        let authority = self.replicas.get(replica).map_or("", String::as_str);
        let request = request.to_http(authority).map_err(Failed::broken)?;
        let answer = self.http.request(request).await.map_err(|error| {
            if error.is_connect() {
                Failed::NotReached(error.to_string())
            } else {
                Failed::broken(error)
            }
        })?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(Failed::broken)?.to_bytes();
        Ok((head.status, head.headers, body))
    }
}

enum Failed {
    NotReached(String),
    Broken(String),
}

impl Failed {
    fn broken(error: impl std::error::Error) -> Self {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        Self::Broken(format!("{error} {cause}"))
    }
}

fn answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Reply {
    let etag = headers.get(header::ETAG);
    let etag = etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    Reply::Answer(Answer { status, etag, body })
}
