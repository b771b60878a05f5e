//! A proxy in front of an S3's token service that counts requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Result;
use crate::load::Connection;

/// Forwards requests unchanged. It ends when this is dropped.
pub(crate) struct TokenService {
    pub(crate) url: String,
    asked: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl TokenService {
    /// A proxy in front of the service on this port of this machine.
    pub(crate) async fn before(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let asked = Arc::new(AtomicUsize::new(0));
        Ok(Self {
            url: format!("http://{}", listener.local_addr()?),
            asked: Arc::clone(&asked),
            accepting: tokio::spawn(accept(listener, port, asked)),
        })
    }

    /// The number of requests so far.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for TokenService {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, asked: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let asked = Arc::clone(&asked);
        let service = service_fn(move |request| {
            asked.fetch_add(1, Ordering::SeqCst);
            pass_on(port, request)
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// Forwards a request with the same headers, as the signature covers `host`.
async fn pass_on(port: u16, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = Full::new(body.collect().await?.to_bytes());
    let mut connection = Connection::open(port).await?;
    let answer = connection
        .exchange(Request::from_parts(parts, body))
        .await?;
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    // The body has been collected, so it is not sent in chunks.
    response.headers_mut().remove(header::TRANSFER_ENCODING);
    Ok(response)
}
