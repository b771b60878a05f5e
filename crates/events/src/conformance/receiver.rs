//! A receiver of webhooks for tests: HTTP/1.1 with `content-length`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One received request.
#[derive(Debug, Clone)]
pub struct Got {
    /// The headers, with names in lower case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

/// A server that gives all requests the same answer and records them.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// The URL to send requests to.
    pub address: String,
    got: Arc<Mutex<Vec<Got>>>,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    /// Starts a receiver on a free port. It answers with status 204.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: format!("http://{}/events", listener.local_addr().unwrap()),
            got: Arc::default(),
            status: Arc::new(Mutex::new(204)),
        };
        let own = receiver.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(own.clone().serve(stream));
            }
        });
        receiver
    }

    /// Answers with this status from now on.
    pub fn answer(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    /// The requests received since the last call.
    pub fn take(&self) -> Vec<Got> {
        std::mem::take(&mut self.got.lock().unwrap())
    }

    /// Whether no request has been received since the last [`take`](Self::take).
    pub fn is_empty(&self) -> bool {
        self.got.lock().unwrap().is_empty()
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        loop {
            let (mut headers, mut line) = (HashMap::new(), String::new());
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            loop {
                line.clear();
                stream.read_line(&mut line).await.unwrap();
                let Some((name, value)) = line.trim_end().split_once(": ") else {
                    break;
                };
                headers.insert(name.to_lowercase(), value.to_owned());
            }
            let mut body = vec![0; headers["content-length"].parse().unwrap()];
            stream.read_exact(&mut body).await.unwrap();
            let body = String::from_utf8(body).unwrap();
            let status = *self.status.lock().unwrap();
            self.got.lock().unwrap().push(Got { headers, body });
            let length = if status == 204 {
                ""
            } else {
                "content-length: 0\r\n"
            };
            let answer = format!("HTTP/1.1 {status} .\r\n{length}\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }
}
