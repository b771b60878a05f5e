//! A receiver of webhooks, which fails on purpose from time to time: it answers 503 or 500, or answers slowly.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::seen_event;
use crate::Error;
use crate::history::SeenEvent;

/// The failures begin again after this time.
const ROUND: Duration = Duration::from_secs(8);
/// How long each kind of failure lasts.
const MOOD: Duration = Duration::from_millis(400);
/// The delay of a slow answer.
const SLOW: Duration = Duration::from_millis(100);

/// It counts an event as arrived if it has answered 204, and only then.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) url: String,
    got: Arc<Mutex<Vec<SeenEvent>>>,
}

impl Receiver {
    pub(super) async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.map_err(Error::system("a port for webhooks"))?;
        let address = listener.local_addr();
        let address = address.map_err(Error::system("a port for webhooks"))?;
        let receiver = Self {
            url: format!("http://{address}/events"),
            got: Arc::default(),
        };
        tokio::spawn(accept(listener, Arc::clone(&receiver.got)));
        Ok(receiver)
    }

    /// All that has arrived.
    pub(super) fn got(&self) -> Vec<SeenEvent> {
        let got = self.got.lock().unwrap_or_else(PoisonError::into_inner);
        got.clone()
    }
}

async fn accept(listener: TcpListener, got: Arc<Mutex<Vec<SeenEvent>>>) {
    let start = Instant::now();
    while let Ok((stream, _)) = listener.accept().await {
        let got = Arc::clone(&got);
        let service = service_fn(move |request| answer(request, start, Arc::clone(&got)));
        // A connection fails when its sender is killed; that error does not matter.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    start: Instant,
    got: Arc<Mutex<Vec<SeenEvent>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let status = match request.into_body().collect().await {
        Ok(body) => take(&body.to_bytes(), start, &got).await,
        Err(_) => StatusCode::BAD_REQUEST,
    };
    let mut response = Response::default();
    *response.status_mut() = status;
    Ok(response)
}

async fn take(body: &[u8], start: Instant, got: &Mutex<Vec<SeenEvent>>) -> StatusCode {
    let into = start.elapsed().as_millis() % ROUND.as_millis();
    match into / MOOD.as_millis() {
        0 => return StatusCode::SERVICE_UNAVAILABLE,
        1 => return StatusCode::INTERNAL_SERVER_ERROR,
        2 => sleep(SLOW).await,
        _ => {}
    }
    let event = serde_json::from_slice(body).ok();
    let Some(event) = event.and_then(|event| seen_event(&event)) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut got = got.lock().unwrap_or_else(PoisonError::into_inner);
    got.push(event);
    StatusCode::NO_CONTENT
}
