//! Closed-loop load: each worker sends its next request as soon as the previous one is answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Barrier;

use crate::Result;

/// A worker of the load generator.
pub(crate) trait Worker: Send + 'static {
    /// Sends one request, waits for the answer and returns its size in bytes.
    fn once(&mut self) -> impl Future<Output = Result<usize>> + Send;
}

/// The result of one round of load.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Latencies in microseconds, ascending.
    latencies: Vec<u32>,
    /// Bytes of answer bodies per second.
    pub(crate) bytes_per_second: f64,
}

impl Sample {
    /// The latency in milliseconds below which this share of answers stayed.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let at = (self.latencies.len() as f64 * share) as usize;
        let at = at.min(self.latencies.len().saturating_sub(1));
        self.latencies
            .get(at)
            .map_or(f64::NAN, |us| f64::from(*us) / 1_000.0)
    }
}

/// Runs the workers for `time`. They start together. The round fails if a request fails.
pub(crate) async fn drive<W: Worker>(workers: Vec<W>, time: Duration) -> Result<Sample> {
    let barrier = Arc::new(Barrier::new(workers.len()));
    let tasks: Vec<_> = workers
        .into_iter()
        .map(|mut worker| {
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move {
                let (mut latencies, mut bytes) = (Vec::with_capacity(65_536), 0_usize);
                barrier.wait().await;
                let start = Instant::now();
                let mut before = start;
                while before.duration_since(start) < time {
                    bytes += worker.once().await?;
                    let now = Instant::now();
                    let took = now.duration_since(before).as_micros();
                    latencies.push(u32::try_from(took).unwrap_or(u32::MAX));
                    before = now;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>((
                    latencies,
                    bytes,
                    before - start,
                ))
            })
        })
        .collect();
    let (mut sample, mut bytes) = (Sample::default(), 0);
    for task in tasks {
        let (latencies, read, elapsed) = task.await??;
        // Each worker's rate uses its own duration, because its last answer may come after `time`.
        sample.rate += latencies.len() as f64 / elapsed.as_secs_f64();
        sample.latencies.extend(latencies);
        bytes += read;
    }
    sample.latencies.sort_unstable();
    sample.bytes_per_second = bytes as f64 / time.as_secs_f64();
    Ok(sample)
}

/// Makes a request. The number, which is random, selects what is asked for, such as a table.
pub(crate) type Ask = Arc<dyn Fn(u64) -> Request<Full<Bytes>> + Send + Sync>;

/// A client with one connection, which is kept open.
pub(crate) struct Http {
    connection: Connection,
    ask: Ask,
    /// State of the random number generator that chooses requests.
    number: u64,
}

impl Http {
    /// Opens `count` clients.
    pub(crate) async fn clients(port: u16, count: usize, ask: &Ask) -> Result<Vec<Self>> {
        let mut clients = Vec::with_capacity(count);
        for at in 1..=count as u64 {
            let connection = Connection::open(port).await?;
            let (ask, number) = (Arc::clone(ask), at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            clients.push(Self {
                connection,
                ask,
                number,
            });
        }
        Ok(clients)
    }

    /// Xorshift. The high bits are more random, so the low ones are dropped.
    fn next(&mut self) -> u64 {
        self.number ^= self.number << 13;
        self.number ^= self.number >> 7;
        self.number ^= self.number << 17;
        self.number >> 16
    }
}

impl Worker for Http {
    async fn once(&mut self) -> Result<usize> {
        let number = self.next();
        let request = (self.ask)(number);
        let answer = self.connection.ask(request).await?;
        if !answer.status.is_success() {
            return Err(answer.refusal().into());
        }
        Ok(answer.size)
    }
}

/// An answer. The body is only kept if it was asked for or is an error.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    size: usize,
}

impl Answer {
    fn refusal(&self) -> String {
        format!(
            "the server answered {}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        )
    }
}

/// A connection that is kept alive.
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a request. The body of the answer is counted, and only kept if it is an error.
    async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        self.0.ready().await?;
        let (parts, mut body) = self.0.send_request(request).await?.into_parts();
        let (mut size, mut kept) = (0, Vec::new());
        while let Some(frame) = body.frame().await {
            if let Some(data) = frame?.data_ref() {
                size += data.len();
                if !parts.status.is_success() {
                    kept.extend_from_slice(data);
                }
            }
        }
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: kept.into(),
            size,
        })
    }

    /// Sends a request and keeps the body of the answer. Fails on error statuses.
    pub(crate) async fn fetch(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let answer = self.exchange(request).await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(answer.refusal().into())
        }
    }

    /// Sends a request and keeps the answer, whatever its status.
    pub(crate) async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        self.0.ready().await?;
        let (parts, body) = self.0.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            size: body.len(),
            body,
        })
    }

    /// Sends JSON and reads JSON; returns null if the answer has no body.
    pub(crate) async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value> {
        let answer = self.fetch(posted(method, path, body.to_string())).await?;
        if answer.body.is_empty() {
            return Ok(serde_json::Value::Null);
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

/// The content coding that the client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
}

/// A request without a body.
pub(crate) fn asked(method: Method, path: &str, coding: Coding) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(header::HOST, header::HeaderValue::from_static("127.0.0.1"));
    if coding == Coding::Gzip {
        headers.insert(
            header::ACCEPT_ENCODING,
            header::HeaderValue::from_static("gzip"),
        );
    }
    request
}

/// A request with a JSON body.
pub(crate) fn posted(method: Method, path: &str, body: String) -> Request<Full<Bytes>> {
    let mut request = asked(method, path, Coding::Identity).map(|_| Full::new(Bytes::from(body)));
    let json = header::HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    request
}
