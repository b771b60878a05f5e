//! Connections to stores and token services across a network.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector};
use reqwest::redirect;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For one request with its answer's body.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_mins(1);
const MAX_IDLE_CONNECTIONS: usize = 64;

/// Whether what is sent can be read on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// HTTPS, and nothing else.
    Tls,
    /// HTTP, for a service on the same machine or in a closed network.
    Plain,
    /// As each address says: for a store across the network whose token service is on the same machine.
    Mixed,
}

impl Transport {
    /// As the address of the service says.
    pub(crate) fn of(url: &str) -> Self {
        match url.get(..7) {
            Some(start) if start.eq_ignore_ascii_case("http://") => Self::Plain,
            _ => Self::Tls,
        }
    }
}

/// A client whose connecting is limited in time; what a whole request may take is for the caller to say. It goes nowhere but where it is sent: what
/// proves who we are is for that address, and nobody has configured another one.
pub(crate) fn client(transport: Transport) -> reqwest::ClientBuilder {
    // `reqwest` takes the provider of the process; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(concat!("lakekeeper/", env!("CARGO_PKG_VERSION")))
        .https_only(transport == Transport::Tls)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        // An object's size is that of the bytes sent.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    match transport {
        Transport::Tls | Transport::Mixed => client,
        // Without TLS no CA certificates are needed, and a bare container has none to load.
        Transport::Plain => client.tls_certs_only([]),
    }
}

/// Why there was no answer, or no whole one: with the innermost cause, which is the one that helps, and without the address, which may
/// hold what was asked for.
pub(crate) fn in_words(error: &reqwest::Error, limit: Duration) -> String {
    let what = if error.is_timeout() {
        return format!("no answer within {limit:?}");
    } else if error.is_connect() {
        "no connection"
    } else {
        "the answer broke off"
    };
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(Error::source) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| what.to_owned(), |cause| format!("{what}: {cause}"))
}

/// Hands one pool of connections to every client that `object_store` builds.
#[derive(Debug, Clone)]
pub(crate) struct Pool(HttpClient);

impl Pool {
    /// With limits on time.
    pub(crate) fn new(transport: Transport) -> reqwest::Result<Self> {
        Self::of(client(transport))
    }

    /// Of a client with settings of its own.
    pub(crate) fn of(client: reqwest::ClientBuilder) -> reqwest::Result<Self> {
        let client = client.timeout(REQUEST_TIMEOUT).build()?;
        Ok(Self(HttpClient::new(client)))
    }
}

impl HttpConnector for Pool {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}
