//! Calls to providers.

use std::time::Duration;

use outbound::{Certificate, HttpClient, Limits};

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    whole: Duration::from_secs(10),
    max_answer_bytes: 1 << 20,
};

/// A client that believes the certificate authorities of the system, or those of `roots` alone.
pub(crate) fn client(roots: Option<Vec<Certificate>>) -> Result<HttpClient, String> {
    let client = HttpClient::new(LIMITS, roots);
    client.map_err(|error| format!("no connections can be made: {error}"))
}

/// The body of a document that is there.
pub(crate) async fn document(client: &HttpClient, url: &str) -> Result<Vec<u8>, String> {
    match client.ask(client.get(url)).await {
        Ok((200, body)) => Ok(body),
        Ok((300..=399, _)) => Err(format!(
            "{url} redirects elsewhere; configure the address that it leads to"
        )),
        Ok((status, _)) => Err(format!("{url} answers {status}")),
        Err(error) => Err(format!("{url}: {error}")),
    }
}
