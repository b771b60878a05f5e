//! How a client wants to get at the files.

use http::HeaderMap;

/// The access delegation that the client asks for, sorted and without what the specification does not know: a part of
/// what an answer depends on. In this version no method is offered, so the answer is the same for all of them.
pub(crate) fn delegation(headers: &HeaderMap) -> String {
    let values = headers
        .get_all("x-iceberg-access-delegation")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut known: Vec<&str> = values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|one| ["vended-credentials", "remote-signing", "client-managed"].contains(one))
        .collect();
    known.sort_unstable();
    known.dedup();
    known.join(",")
}
