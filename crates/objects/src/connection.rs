//! Connections to stores and token services across a network.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector};
use reqwest::redirect;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Limit for one request, including the body of its answer.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_mins(1);
const MAX_IDLE_CONNECTIONS: usize = 64;

/// Whether requests are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// HTTPS only.
    Tls,
    /// HTTP, for a service on the same machine or in a closed network.
    Plain,
    /// HTTPS or HTTP, as each URL says: for a store across the network whose token service is on the same machine.
    Mixed,
}

impl Transport {
    /// [`Self::Plain`] for an `http://` URL, otherwise [`Self::Tls`].
    pub(crate) fn of(url: &str) -> Self {
        match url.get(..7) {
            Some(start) if start.eq_ignore_ascii_case("http://") => Self::Plain,
            _ => Self::Tls,
        }
    }
}

/// A client with a limit on connecting; the caller sets the limit for a whole request. It follows no redirects: the
/// credentials that it sends are meant for the configured address only.
pub(crate) fn client(transport: Transport) -> reqwest::ClientBuilder {
    // `reqwest` uses the provider of the process; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(concat!("lakekeeper/", env!("CARGO_PKG_VERSION")))
        .https_only(transport == Transport::Tls)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        // No decompression: the size of an object is the number of bytes sent.
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

/// Why there was no answer, or only a part of it. Names the innermost cause, which is the helpful one, and leaves out
/// the URL, which may show what was asked for.
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

/// One pool of connections for every client that `object_store` builds.
#[derive(Debug, Clone)]
pub(crate) struct Pool(HttpClient);

impl Pool {
    /// Connections with the time limits for stores.
    pub(crate) fn new(transport: Transport) -> reqwest::Result<Self> {
        Self::of(client(transport))
    }

    /// Connections of a client with settings of its own; the limit for a request is set here.
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
