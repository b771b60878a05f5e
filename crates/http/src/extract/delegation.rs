//! How a client wants to access the files of a table: `x-iceberg-access-delegation`.

use catalog::{AccessDelegation, DelegationMethods};
use http::{HeaderMap, HeaderName};

const DELEGATION: HeaderName = HeaderName::from_static("x-iceberg-access-delegation");

/// The access delegation that the client asks for. Unknown values are ignored, and so is `client-managed` beside another method.
pub(crate) fn delegation(headers: &HeaderMap) -> AccessDelegation {
    let values = headers
        .get_all(DELEGATION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let (mut methods, mut is_client_managed) = (DelegationMethods::NONE, false);
    for one in values.flat_map(|value| value.split(',')) {
        match one.trim() {
            "vended-credentials" => methods.vended_credentials = true,
            "remote-signing" => methods.remote_signing = true,
            "client-managed" => is_client_managed = true,
            _ => {}
        }
    }
    if is_client_managed && methods == DelegationMethods::NONE {
        return AccessDelegation::ClientManaged;
    }
    AccessDelegation::Methods(methods)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(lines: &[&'static str]) -> AccessDelegation {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(DELEGATION, HeaderValue::from_static(line));
        }
        delegation(&headers)
    }

    #[test]
    fn lists_and_repeated_lines_are_read_and_unknown_values_ignored() {
        let methods = |vended_credentials, remote_signing| {
            AccessDelegation::Methods(DelegationMethods {
                vended_credentials,
                remote_signing,
            })
        };
        let table: [(&[&str], _); 10] = [
            (&[], methods(false, false)),
            (&[""], methods(false, false)),
            (&["vended-credentials"], methods(true, false)),
            (&[" remote-signing ,"], methods(false, true)),
            (&["vended-credentials,remote-signing"], methods(true, true)),
            (
                &["vended-credentials", "remote-signing"],
                methods(true, true),
            ),
            (&["carrier-pigeon"], methods(false, false)),
            (
                &["client-managed, vended-credentials"],
                methods(true, false),
            ),
            (&["client-managed"], AccessDelegation::ClientManaged),
            (
                &["client-managed, carrier-pigeon"],
                AccessDelegation::ClientManaged,
            ),
        ];
        for (lines, expected) in table {
            assert_eq!(of(lines), expected, "{lines:?}");
        }
    }
}
