//! What clients see of a stop, of idle connections, of the limits and of a taken port.

use std::net::{IpAddr, Ipv4Addr};

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::*;

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// Starts a server whose answers take `delay`. Returns its address, the token that stops it, and the task it runs in.
async fn slow(
    delay: Duration,
    patience: Duration,
) -> (
    SocketAddr,
    CancellationToken,
    tokio::task::JoinHandle<Instant>,
) {
    let limits = Limits {
        connections: 10,
        first_request: Duration::from_mins(1),
        idle: Duration::from_mins(10),
        unread: Duration::from_mins(20),
        patience,
    };
    limited(delay, limits).await
}

async fn limited(
    delay: Duration,
    limits: Limits,
) -> (
    SocketAddr,
    CancellationToken,
    tokio::task::JoinHandle<Instant>,
) {
    let listener = bind(ANY, "LISTEN_PORT").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = move || async move {
        tokio::time::sleep(delay).await;
        "done"
    };
    let stop = CancellationToken::new();
    let router = Router::new().route("/", get(answer));
    let served = tokio::spawn(serve(listener, router, stop.clone(), limits));
    (address, stop, served)
}

async fn begin(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // A connection that was cut off may end with an error.
    drop(stream.read_to_string(&mut text).await);
    text
}

#[tokio::test]
async fn a_stop_lets_requests_in_flight_finish_and_takes_no_new_ones() {
    let (address, stop, served) = slow(Duration::from_millis(200), Duration::from_secs(10)).await;
    let begun = begin(address).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.cancel();
    let finished = answer(begun).await;
    assert!(finished.starts_with("HTTP/1.1 200 OK\r\n"), "{finished}");
    assert!(finished.ends_with("done"), "{finished}");
    served.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_idle_connections() {
    let (address, stop, served) = slow(Duration::ZERO, Duration::from_mins(1)).await;
    let mut idle = begin(address).await;
    let mut byte = [0];
    idle.read_exact(&mut byte).await.unwrap();
    stop.cancel();
    let ended = timeout(Duration::from_secs(5), served).await;
    ended.expect("idle connections are closed").unwrap();
}

#[tokio::test]
async fn a_stop_cuts_off_what_takes_too_long() {
    let (address, stop, served) = slow(Duration::from_mins(1), Duration::from_millis(100)).await;
    let begun = begin(address).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.cancel();
    let ended = timeout(Duration::from_secs(5), served).await;
    ended.expect("patience has an end").unwrap();
    drop(begun);
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_until_one_ends() {
    let limits = Limits {
        connections: 2,
        first_request: Duration::from_mins(1),
        idle: Duration::from_mins(10),
        unread: Duration::from_mins(20),
        patience: Duration::from_secs(1),
    };
    let (address, _stop, _served) = limited(Duration::ZERO, limits).await;
    let mut byte = [0];
    let mut first = begin(address).await;
    first.read_exact(&mut byte).await.unwrap();
    let mut second = begin(address).await;
    second.read_exact(&mut byte).await.unwrap();
    let mut third = begin(address).await;
    let early = timeout(Duration::from_millis(200), third.read_exact(&mut byte)).await;
    assert!(early.is_err());
    drop(first);
    let answered = timeout(Duration::from_secs(5), third.read_exact(&mut byte)).await;
    answered.expect("there is a place now").unwrap();
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed_and_one_that_has_asked_may_idle() {
    let limits = Limits {
        connections: 10,
        first_request: Duration::from_millis(200),
        idle: Duration::from_mins(10),
        unread: Duration::from_mins(20),
        patience: Duration::from_secs(1),
    };
    let (address, _stop, _served) = limited(Duration::ZERO, limits).await;
    let mut idle = begin(address).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut byte = [0];
    let closed = timeout(Duration::from_secs(5), silent.read(&mut byte)).await;
    assert_eq!(closed.expect("it is closed").unwrap(), 0);
    tokio::time::sleep(Duration::from_millis(300)).await;
    idle.write_all(REQUEST).await.unwrap();
    let mut text = vec![0; 4_096];
    let mut length = 0;
    while text[..length]
        .windows(4)
        .filter(|four| four == b"done")
        .count()
        < 2
    {
        let read = timeout(Duration::from_secs(5), idle.read(&mut text[length..])).await;
        let read = read.expect("it is answered").unwrap();
        assert_ne!(read, 0, "it is open");
        length += read;
    }
}

#[tokio::test]
async fn a_connection_is_closed_when_its_last_request_was_long_ago() {
    let limits = Limits {
        connections: 10,
        first_request: Duration::from_millis(200),
        idle: Duration::from_millis(600),
        unread: Duration::from_mins(20),
        patience: Duration::from_secs(1),
    };
    // A request that is being answered is not cut off.
    for delay in [Duration::ZERO, Duration::from_secs(1)] {
        let (address, _stop, _served) = limited(delay, limits).await;
        let started = Instant::now();
        let answered = timeout(Duration::from_secs(5), answer(begin(address).await)).await;
        let answered = answered.expect("it is closed");
        assert!(answered.ends_with("done"), "{answered}");
        assert!(started.elapsed() >= limits.idle);
    }
}

#[tokio::test]
async fn half_a_request_does_not_keep_a_connection_open() {
    let limits = Limits {
        connections: 10,
        first_request: Duration::from_millis(200),
        idle: Duration::from_millis(400),
        unread: Duration::from_mins(20),
        patience: Duration::from_secs(1),
    };
    let (address, _stop, _served) = limited(Duration::ZERO, limits).await;
    let half = &REQUEST[..REQUEST.len() / 2];
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(half).await.unwrap();
    let mut second = begin(address).await;
    second.write_all(half).await.unwrap();
    for stream in [first, second] {
        let closed = timeout(Duration::from_secs(5), answer(stream)).await;
        closed.expect("it is closed");
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_the_rest_of_a_first_request() {
    let (address, stop, served) = slow(Duration::ZERO, Duration::from_mins(1)).await;
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(&REQUEST[..REQUEST.len() / 2]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.cancel();
    let ended = timeout(Duration::from_secs(5), served).await;
    ended.expect("nobody is waited for").unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_left() {
    const LENGTH: usize = 64 << 20;
    let limits = Limits {
        connections: 1,
        first_request: Duration::from_millis(200),
        idle: Duration::from_millis(400),
        unread: Duration::from_millis(800),
        patience: Duration::from_secs(1),
    };
    let listener = bind(ANY, "LISTEN_PORT").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(|| async { vec![0_u8; LENGTH] }));
    let _served = tokio::spawn(serve(listener, router, CancellationToken::new(), limits));
    let unread = begin(address).await;
    // There is one place.
    let next = begin(address).await;
    let mut byte = [0];
    let answered = timeout(Duration::from_secs(5), next.peek(&mut byte)).await;
    answered.expect("the place is free").unwrap();
    let read = answer(unread).await;
    assert!(read.len() < LENGTH, "{}", read.len());
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_setting() {
    let first = bind(ANY, "LISTEN_PORT").await.unwrap();
    let address = first.local_addr().unwrap();
    let said = bind(address, "LISTEN_PORT").await.unwrap_err().to_string();
    let port = address.port();
    assert!(
        said.starts_with(&format!("port {port} of 127.0.0.1 is taken")),
        "{said}"
    );
    assert!(said.ends_with("LAKEKEEPER__LISTEN_PORT"), "{said}");
}
