//! A proxy between the catalog and PostgreSQL that breaks a connection at a chosen message.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, Result};
use tokio::net::{TcpListener, TcpStream};

/// The beginning of the statement that changes a single table.
const SWAP: &[u8] = b"with swapped as";

/// Where the next connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cut {
    /// Nowhere.
    Never,
    /// Before COMMIT has reached the server.
    Commit,
    /// After COMMIT, before the server's confirmation has reached the client.
    Committed,
    /// Likewise for a change of a single table, which is one statement without COMMIT.
    Swapped,
}

/// Forwards connections without TLS, message by message.
pub(super) struct Proxy {
    pub(super) url: String,
    next: Arc<AtomicU8>,
}

impl Proxy {
    /// Starts a proxy for the database at `url`.
    pub(super) async fn start(url: &str) -> Self {
        let (before, rest) = url.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let (server, database) = (server.to_owned(), database.split('?').next().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = Self {
            url: format!("{before}@{address}/{database}?sslmode=disable"),
            next: Arc::new(AtomicU8::new(Cut::Never as u8)),
        };
        let next = Arc::clone(&proxy.next);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&next)));
            }
        });
        proxy
    }

    /// Breaks the next connection that comes to this point, and only that one.
    pub(super) fn cut(&self, where_to: Cut) {
        self.next.store(where_to as u8, Ordering::SeqCst);
    }

    /// Whether a connection has been broken since the last call of [`Self::cut`].
    pub(super) fn has_cut(&self) -> bool {
        self.next.load(Ordering::SeqCst) == Cut::Never as u8
    }
}

/// Forwards both directions until one of them ends; then the connection is closed on both sides.
async fn pass(client: TcpStream, server: TcpStream, next: Arc<AtomicU8>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (mut swaps, is_last) = (HashSet::new(), AtomicBool::new(false));
    let asks = |kind, body: &[u8]| {
        match kind {
            // Parse: the name of a prepared statement, and its text.
            b'P' if contains(body, SWAP) => drop(swaps.insert(nth(body, 0).to_vec())),
            // Bind: the name of a portal, and that of the statement.
            b'B' if swaps.contains(nth(body, 1)) && takes(&next, Cut::Swapped) => {
                is_last.store(true, Ordering::SeqCst);
            }
            _ => {}
        }
        kind == b'Q' && body.eq_ignore_ascii_case(b"commit\0") && takes(&next, Cut::Commit)
    };
    let answers = |kind, body: &[u8]| match kind {
        b'C' => body == b"COMMIT\0" && takes(&next, Cut::Committed),
        // ReadyForQuery: the statement has been committed.
        b'Z' => is_last.load(Ordering::SeqCst),
        _ => false,
    };
    tokio::select! {
        _ = asked(from_client, to_server, asks) => {}
        _ = forward(BufReader::new(from_server), to_client, answers) => {}
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    body.windows(text.len()).any(|window| window == text)
}

/// The text at this position among the null-terminated texts at the beginning of a message.
fn nth(body: &[u8], at: usize) -> &[u8] {
    let mut texts = body.split(|byte| *byte == 0);
    texts.nth(at).unwrap_or_default()
}

/// Whether to break this connection at this point; resets the request to break one.
fn takes(next: &AtomicU8, cut: Cut) -> bool {
    let never = Cut::Never as u8;
    let taken = next.compare_exchange(cut as u8, never, Ordering::SeqCst, Ordering::SeqCst);
    taken.is_ok()
}

/// Forwards the messages of a client, whose first message has no kind.
async fn asked(
    from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    ends_at: impl FnMut(u8, &[u8]) -> bool,
) -> Result<()> {
    let mut from = BufReader::new(from);
    let length = from.read_u32().await?;
    to.write_u32(length).await?;
    to.write_all(&body(&mut from, length).await?).await?;
    forward(from, to, ends_at).await
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut ends_at: impl FnMut(u8, &[u8]) -> bool,
) -> Result<()> {
    loop {
        let (kind, length) = (from.read_u8().await?, from.read_u32().await?);
        let body = body(&mut from, length).await?;
        if ends_at(kind, &body) {
            return Ok(());
        }
        let mut message = vec![kind];
        message.extend(length.to_be_bytes());
        message.extend(body);
        to.write_all(&message).await?;
    }
}

/// The body after a length, which includes its own 4 bytes.
async fn body(from: &mut (impl AsyncRead + Unpin), length: u32) -> Result<Vec<u8>> {
    let mut body = vec![0; length as usize - 4];
    from.read_exact(&mut body).await?;
    Ok(body)
}
