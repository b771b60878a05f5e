//! Metadata servers: addresses that give out the identity of the machine that asks.

use std::net::IpAddr;

use url::{Host, Url};

/// The rule for addresses that users choose.
pub(crate) const NO_METADATA_SERVER: &str =
    "must not be a metadata server: it knows the identity of this machine";

/// Names that clouds give to their metadata servers.
const NAMES: [&str; 4] = [
    "instance-data",
    "metadata",
    "metadata.goog",
    "metadata.google.internal",
];

/// Whether a cloud's metadata server, which gives out secrets of the machine that asks, is at this address.
pub(crate) fn is_metadata_server(url: &Url) -> bool {
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            return NAMES.contains(&name.as_str());
        }
        None => return false,
    };
    match ip {
        IpAddr::V4(ip) => {
            ip.is_link_local()
                || ip.octets() == [168, 63, 129, 16]
                || ip.octets() == [100, 100, 100, 200]
        }
        // Amazon's IPv6 addresses have this prefix, for instances and for pods.
        IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.segments().starts_with(&[0xfd00, 0xec2]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::StorageProfile;

    fn s3(endpoint: &str, sts_endpoint: &str) -> Value {
        json!({
            "type": "s3", "bucket": "lake", "region": "local-01", "flavor": "s3-compat", "sts-enabled": true,
            "endpoint": endpoint, "sts-endpoint": sts_endpoint,
        })
    }

    #[test]
    fn they_are_no_stores_and_no_token_services() {
        const STORE: &str = "http://127.0.0.1:9000";
        for url in [
            "http://169.254.169.254/",
            "http://169.254.170.2/",
            "http://[fd00:ec2::23]/",
            "http://metadata.google.internal",
            "http://instance-data",
        ] {
            for (field, json) in [
                ("endpoint", s3(url, STORE)),
                ("sts-endpoint", s3(STORE, url)),
            ] {
                let message = StorageProfile::from_json(&json).unwrap_err().to_string();
                let rule = format!("`{field}` is `{url}`: it must not be a metadata server");
                assert!(message.starts_with(&rule), "{message}");
            }
        }
    }

    #[test]
    fn a_store_beside_the_server_is_none() {
        for url in [
            "http://127.0.0.1:9000",
            "http://localhost:9000",
            "http://[::1]:9000",
        ] {
            assert!(StorageProfile::from_json(&s3(url, url)).is_ok(), "{url}");
        }
    }
}
