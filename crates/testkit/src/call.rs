//! Requests to the service.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use http_api::ApiService;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::Answer;

/// A request. It is sent when it is awaited.
#[derive(Debug, Clone)]
#[must_use = "a call is sent when it is awaited"]
pub struct Call {
    service: ApiService,
    method: Method,
    uri: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    token: Option<String>,
}

impl Call {
    /// A request with this bearer token, unless it gets an `authorization` header of its own.
    pub(crate) fn new(
        service: ApiService,
        (method, uri): (Method, String),
        token: Option<String>,
    ) -> Self {
        Self {
            service,
            method,
            uri,
            headers: Vec::new(),
            body: Bytes::new(),
            token,
        }
    }

    /// Adds a header. Its value may be any bytes that HTTP allows.
    ///
    /// # Panics
    /// If HTTP does not allow the name or the value.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.headers.push((name.parse().unwrap(), value));
        self
    }

    /// Adds a bearer token.
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Sets a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
            .header("content-type", "application/json")
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the request, and reads its answer to the end.
    async fn send(mut self) -> Answer {
        if let Some(token) = self.token.take()
            && !self.headers.iter().any(|(name, _)| name == "authorization")
        {
            self = self.token(&token);
        }
        let asked = format!("{} {}", self.method, self.uri);
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.uri.as_str())
            .header("host", "catalog.test");
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(self.body)).unwrap();
        let response = self.service.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            asked,
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
