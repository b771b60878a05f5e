//! A web server with canned answers on a local port.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// An answer: a status and a body.
#[derive(Debug, Clone)]
pub struct Canned {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Canned {
    /// `200` with this body.
    pub fn json(body: &Value) -> Self {
        Self {
            status: 200,
            body: body.to_string(),
        }
    }

    /// This status without a body.
    pub const fn status(status: u16) -> Self {
        Self {
            status,
            body: String::new(),
        }
    }
}

/// A request that the server has received.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its path.
    pub path: String,
    /// All lines of its head.
    pub head: String,
    /// Its body.
    pub body: String,
}

#[derive(Debug, Default)]
struct State {
    answers: BTreeMap<String, Canned>,
    asked: Vec<Asked>,
    delay: Duration,
}

/// A web server with canned answers; stops when it is dropped.
#[derive(Debug)]
pub struct LocalServer {
    port: u16,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LocalServer {
    /// Starts a server that answers 404 to every request.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { port, state, task }
    }

    /// The server's address, without a `/` at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers requests for `path` with `canned` from now on.
    pub fn answer(&self, path: &str, canned: Canned) {
        locked(&self.state).answers.insert(path.to_owned(), canned);
    }

    /// Delays every answer from now on by this.
    pub fn delay(&self, delay: Duration) {
        locked(&self.state).delay = delay;
    }

    /// The number of requests for this path.
    pub fn calls(&self, path: &str) -> usize {
        let state = locked(&self.state);
        state.asked.iter().filter(|one| one.path == path).count()
    }

    /// The last request.
    pub fn last(&self) -> Asked {
        locked(&self.state).asked.last().cloned().unwrap()
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request per connection. Errors are ignored: a client may disconnect at any time.
async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(asked) = read(&mut stream).await else {
        return;
    };
    let (canned, delay) = {
        let mut state = locked(&state);
        let canned = state.answers.get(&asked.path).cloned();
        state.asked.push(asked);
        (canned.unwrap_or(Canned::status(404)), state.delay)
    };
    tokio::time::sleep(delay).await;
    let Canned { status, body } = canned;
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4_096];
        let n = stream.read(&mut chunk).await.ok()?;
        bytes.extend_from_slice(chunk.get(..n).filter(|read| !read.is_empty())?);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            return Some(Asked {
                path: head.split(' ').nth(1)?.to_owned(),
                head: head.to_owned(),
                body: body.to_owned(),
            });
        }
    }
}
