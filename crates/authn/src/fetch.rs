//! Calls to providers: bounded in time and bytes, never to where somebody redirects to.

use std::time::Duration;

use reqwest::redirect;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For one call with its answer.
const TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
const MAX_BYTES: usize = 1 << 20;

/// A client that believes the certificate authorities of the system, or those of `roots` alone.
pub(crate) fn client(roots: Option<Vec<reqwest::Certificate>>) -> reqwest::Result<reqwest::Client> {
    // `reqwest` takes the provider of the process; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(concat!("lakekeeper/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(redirect::Policy::none());
    match roots {
        Some(roots) => client.tls_certs_only(roots).build(),
        None => client.build(),
    }
}

/// The status and body of the answer.
pub(crate) async fn ask(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), String> {
    let mut response = request.send().await.map_err(|error| in_words(&error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| in_words(&error))? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(format!("its answer has more than {MAX_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// The body of a document that is there.
pub(crate) async fn document(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, String> {
    match ask(client.get(url)).await {
        Ok((200, body)) => Ok(body),
        Ok((300..=399, _)) => Err(format!(
            "{url} redirects elsewhere; configure the address that it leads to"
        )),
        Ok((status, _)) => Err(format!("{url} answers {status}")),
        Err(error) => Err(format!("{url}: {error}")),
    }
}

/// The last cause, which is the one that helps: refused, unknown host, certificate.
fn in_words(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    } else if error.is_connect() {
        "no connection"
    } else {
        "no whole answer"
    };
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    format!("{what}: {cause}")
}
