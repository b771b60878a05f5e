//! Checks the health of a running server on this machine.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::Error;
use crate::config::Addresses;

const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer that is read, in bytes; an answer of `/health` is smaller.
const MAX_ANSWER: u64 = 64 << 10;

/// Succeeds if `GET /health` on the configured port is answered with 200.
pub fn check(addresses: &Addresses) -> Result<(), Error> {
    let address = SocketAddr::new(reachable(addresses.bind_ip), addresses.port);
    let answer = ask(address)
        .map_err(|error| Error::Unwell(format!("no server answers at {address}: {error}")))?;
    if answer.split_whitespace().nth(1) == Some("200") {
        return Ok(());
    }
    let parts = answer.split_once("\r\n\r\n");
    let body = parts.map_or(answer.as_str(), |(_, body)| body).trim();
    let said = format!("the server at {address} is not well: {body}");
    Err(Error::Unwell(said))
}

/// The address at which this machine reaches a server that is bound to `bound`: loopback if it is bound to all
/// interfaces.
pub const fn reachable(bound: IpAddr) -> IpAddr {
    match bound {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let request = format!("GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::config::{Config, Needs, Sources};

    /// Starts a server that gives one answer and ends.
    fn addresses_of(answer: &'static str) -> Addresses {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            assert!(request[..length].starts_with(b"GET /health HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let mut addresses = Config::load(&Sources::default(), Needs::Nothing)
            .unwrap()
            .addresses;
        addresses.port = port;
        addresses
    }

    #[test]
    fn a_server_that_answers_200_is_well() {
        assert!(check(&addresses_of("HTTP/1.1 200 OK\r\n\r\n{}")).is_ok());
    }

    #[test]
    fn an_unwell_server_says_why() {
        let refused = check(&addresses_of(
            "HTTP/1.1 503 x\r\n\r\n{\"health\":\"unhealthy\"}",
        ));
        let said = refused.unwrap_err().to_string();
        assert!(
            said.ends_with("is not well: {\"health\":\"unhealthy\"}"),
            "{said}"
        );
    }

    #[test]
    fn no_server_is_named_with_its_address() {
        let mut addresses = addresses_of("");
        drop(check(&addresses));
        addresses.port = 1;
        let said = check(&addresses).unwrap_err().to_string();
        assert!(
            said.starts_with("no server answers at 127.0.0.1:1: "),
            "{said}"
        );
    }
}
