//! A token service with canned answers on a local port, which records its requests. It checks nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::form_urlencoded;

/// A status and a body.
pub(crate) type Canned = (u16, String);

/// A request as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    head: String,
    pub(crate) body: String,
}

impl Seen {
    /// The next request; `None` if the connection ends early.
    pub(crate) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            let mut chunk = [0; 4096];
            let n = stream.read(&mut chunk).await.unwrap();
            if n == 0 {
                return None;
            }
            bytes.extend_from_slice(&chunk[..n]);
            let text = String::from_utf8_lossy(&bytes);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let seen = Self {
                    head: head.to_owned(),
                    body: body.to_owned(),
                };
                let length = seen.header("content-length");
                if body.len() == length.map_or(0, |length| length.parse().unwrap()) {
                    return Some(seen);
                }
            }
        }
    }

    /// Method and path.
    pub(crate) fn target(&self) -> &str {
        self.head.split(" HTTP/").next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect()
    }
}

pub(crate) struct TokenServiceStandIn {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl TokenServiceStandIn {
    /// Gives each answer once, in this order, and repeats the last one for ever.
    pub(crate) async fn answering(answers: Vec<Canned>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let mut answers = VecDeque::from(answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = match answers.len() {
                    1 => answers.front().cloned(),
                    _ => answers.pop_front(),
                };
                serve(stream, &answer.unwrap(), &noted).await;
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.into_iter().next().unwrap()
    }
}

async fn serve(mut stream: TcpStream, (status, body): &Canned, noted: &Mutex<Vec<Seen>>) {
    let seen = Seen::read(&mut stream).await;
    let seen = seen.expect("a whole request");
    let is_bodiless = seen.target().starts_with("GET ") || seen.target().starts_with("DELETE ");
    assert!(
        is_bodiless || seen.header("content-length").is_some(),
        "{seen:?}"
    );
    noted.lock().unwrap().push(seen);
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}
