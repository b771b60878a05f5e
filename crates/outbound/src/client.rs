//! HTTP clients: each service has its own, with limits of its own.

use std::error::Error as _;
use std::time::Duration;

use reqwest::{Certificate, IntoUrl, Method, RequestBuilder, Response, redirect};

/// How long idle connections are kept open.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// The limits of a call.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long opening a connection may take.
    pub connect: Duration,
    /// How long a call may take, including its answer.
    pub whole: Duration,
    /// Most bytes of an answer.
    pub max_answer_bytes: usize,
}

/// Calls one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    limits: Limits,
}

impl HttpClient {
    /// A client that trusts the certificate authorities of the system, or only those in `roots`.
    pub fn new(limits: Limits, roots: Option<Vec<Certificate>>) -> reqwest::Result<Self> {
        // `reqwest` uses the crypto provider of the process; installing it a second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("lakekeeper/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .timeout(limits.whole)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(redirect::Policy::none());
        let client = match roots {
            Some(roots) => client.tls_certs_only(roots).build(),
            None => client.build(),
        };
        Ok(Self {
            client: client?,
            limits,
        })
    }

    /// A request to be sent.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// A `GET` to be sent.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// A `POST` to be sent.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Sends the request; returns the answer before its body is read.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, String> {
        let sent = request.send().await;
        sent.map_err(|error| self.in_words(&error))
    }

    /// Sends the request; returns the status and the body of the answer.
    pub async fn ask(&self, request: RequestBuilder) -> Result<(u16, Vec<u8>), String> {
        let mut response = self.send(request).await?;
        let (status, max) = (response.status().as_u16(), self.limits.max_answer_bytes);
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.in_words(&error))?
        {
            if body.len() + chunk.len() > max {
                return Err(format!("its answer has more than {max} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body))
    }

    /// Describes an error by its innermost cause, which is the helpful one: connection refused, unknown host, bad
    /// certificate. The text never contains the address.
    fn in_words(&self, error: &reqwest::Error) -> String {
        let what = if error.is_timeout() {
            return format!("no answer within {:?}", self.limits.whole);
        } else if error.is_builder() {
            "no request can be made"
        } else if error.is_connect() {
            "no connection"
        } else {
            "the answer broke off"
        };
        let Some(mut cause) = error.source() else {
            return what.to_owned();
        };
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        format!("{what}: {cause}")
    }
}
