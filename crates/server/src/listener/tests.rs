//! What clients see of a start, a stop and a taken port.

use std::net::{IpAddr, Ipv4Addr};

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// A server whose answer takes `delay`; where it is, how to stop it, and its end.
async fn slow(
    delay: Duration,
    patience: Duration,
) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
    let listener = bind(ANY, "LISTEN_PORT").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = move || async move {
        tokio::time::sleep(delay).await;
        "done"
    };
    let stop = CancellationToken::new();
    let router = Router::new().route("/", get(answer));
    let served = tokio::spawn(serve(listener, router, stop.clone(), patience));
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
    let ended = tokio::time::timeout(Duration::from_secs(5), served).await;
    ended.expect("idle connections are closed").unwrap();
}

#[tokio::test]
async fn a_stop_cuts_off_what_takes_too_long() {
    let (address, stop, served) = slow(Duration::from_mins(1), Duration::from_millis(100)).await;
    let begun = begin(address).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(5), served).await;
    ended.expect("patience has an end").unwrap();
    drop(begun);
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
