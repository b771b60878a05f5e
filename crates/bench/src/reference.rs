//! The reference server, which shows what HTTP alone costs on this machine.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::Result;
use crate::load::Answer;

/// Answers every request with the same bytes. It has its own threads, which end when this is dropped.
pub(crate) struct Reference {
    pub(crate) port: u16,
    runtime: Option<Runtime>,
}

struct Canned {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reference {
    /// Serves a copy of `answer` with this number of threads.
    pub(crate) fn of(answer: &Answer, threads: usize) -> Result<Self> {
        let mut headers = answer.headers.clone();
        // hyper sets these itself.
        headers.remove(header::DATE);
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::TRANSFER_ENCODING);
        let (status, body) = (answer.status, answer.body.clone());
        let canned = Arc::new(Canned {
            status,
            headers,
            body,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let listener = {
            let _within = runtime.enter();
            TcpListener::from_std(listener)?
        };
        runtime.spawn(accept(listener, canned));
        Ok(Self {
            port,
            runtime: Some(runtime),
        })
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, canned: Arc<Canned>) {
    while let Ok((stream, _)) = listener.accept().await {
        drop(stream.set_nodelay(true));
        let canned = Arc::clone(&canned);
        let service = service_fn(move |request: Request<Incoming>| {
            let canned = Arc::clone(&canned);
            async move {
                // Read and ignore the request's body. If the connection breaks, it ends by itself.
                drop(request.into_body().collect().await);
                let mut response = Response::new(Full::new(canned.body.clone()));
                *response.status_mut() = canned.status;
                *response.headers_mut() = canned.headers.clone();
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
