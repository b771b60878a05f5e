//! HTTP calls to identity providers.

use std::time::Duration;

use outbound::{Certificate, HttpClient, Limits};

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    whole: Duration::from_secs(10),
    max_answer_bytes: 1 << 20,
};

/// A client that trusts the certificate authorities in `roots` only, or those of the system if there are none.
pub(crate) fn client(roots: Option<Vec<Certificate>>) -> Result<HttpClient, String> {
    let client = HttpClient::new(LIMITS, roots);
    client.map_err(|error| format!("no connections can be made: {error}"))
}

/// The body of the document at `url`. Any status other than 200 is an error; redirects are not followed.
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
