//! Checks that a URI leads to the warehouse's bucket, and finds where it names the bucket.

use url::Url;

use super::SignError;
use super::uri::Origin;
use crate::profile::{Partition, S3Profile, SigningUrlStyle, is_amazons_s3};
use crate::s3::is_in_path;

/// The host names of S3 on AWS, without its domain; `{}` stands for the region.
const AWS_HOSTS: [&str; 6] = [
    "s3.{}",
    "s3-{}",
    "s3.dualstack.{}",
    "s3-fips.{}",
    "s3-fips.dualstack.{}",
    "s3",
];
/// AWS's host names that are only used with the bucket in front.
const AWS_ACCELERATED: [&str; 2] = ["s3-accelerate", "s3-accelerate.dualstack"];

/// Suffix of Cloudflare's host names.
const R2_DOMAIN: &str = ".r2.cloudflarestorage.com";

/// Where a URI names the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addressing {
    /// `https://host/bucket/key`
    Path,
    /// `https://bucket.host/key`
    VirtualHost,
}

/// How `origin` addresses the bucket; an error if it does not.
///
/// Exact names are compared, so each host has one style only; the style in the profile can only exclude the other
/// one.
pub(super) fn addressing(profile: &S3Profile, origin: &Origin) -> Result<Addressing, SignError> {
    let style = profile.remote_signing_url_style();
    let takes_path = style != SigningUrlStyle::VirtualHost;
    if takes_path && is_spelled_like(origin, profile.endpoint()) {
        return Ok(Addressing::Path);
    }
    let hosts = Hosts::of(profile);
    let is_at = |host: &str| {
        (origin.scheme, origin.host.as_str(), origin.port) == (hosts.scheme, host, hosts.port)
    };
    let in_front = |host: &String| format!("{}.{host}", profile.bucket());
    if takes_path && hosts.plain.iter().any(|host| is_at(host)) {
        return Ok(Addressing::Path);
    }
    let takes_host = match style {
        SigningUrlStyle::Auto => is_known_to_take_hosts(profile),
        SigningUrlStyle::Path => false,
        SigningUrlStyle::VirtualHost => true,
    };
    let with_bucket = || hosts.plain.iter().chain(&hosts.accelerated).map(in_front);
    if takes_host && with_bucket().any(|host| is_at(&host)) {
        return Ok(Addressing::VirtualHost);
    }
    let shown = |host: Option<String>| {
        let host = host.unwrap_or_default();
        let port = hosts.port;
        let scheme = hosts.scheme;
        let authority = Origin { scheme, host, port }.authority();
        format!("`{scheme}://{authority}`")
    };
    let (path, virtual_host) = (
        shown(hosts.plain.first().cloned()),
        shown(with_bucket().next()),
    );
    Err(SignError::Host {
        found: format!("{}://{}", origin.scheme, origin.authority()),
        expected: match style {
            SigningUrlStyle::Auto if takes_host => format!("{path} or {virtual_host}"),
            SigningUrlStyle::Auto => path,
            SigningUrlStyle::Path => format!("{path} (`remote-signing-url-style` is `path`)"),
            SigningUrlStyle::VirtualHost => {
                format!("{virtual_host} (`remote-signing-url-style` is `virtual_host`)")
            }
        },
    })
}

/// Whether the store is known to support the bucket in the host: it is Amazon's or Cloudflare's, or the server itself
/// puts the bucket there, which was tried when the warehouse was created.
///
/// A store without this support looks for the bucket in the path: a signature would reach another folder or bucket
/// than the one that was checked. If the profile itself says `virtual_host`, the operator is responsible for that.
fn is_known_to_take_hosts(profile: &S3Profile) -> bool {
    let is_r2 = |endpoint: &str| {
        let url = Url::parse(endpoint).ok();
        let host = url.as_ref().and_then(Url::host_str);
        host.is_some_and(|host| host.ends_with(R2_DOMAIN))
    };
    !is_in_path(profile)
        || profile
            .endpoint()
            .is_none_or(|at| is_amazons_s3(at) || is_r2(at))
}

/// Whether the endpoint is spelled exactly as `origin`: the usual case, which needs no parsing of the endpoint.
fn is_spelled_like(origin: &Origin, endpoint: Option<&str>) -> bool {
    let rest = endpoint
        .and_then(|endpoint| endpoint.strip_prefix(origin.scheme))
        .and_then(|rest| rest.strip_prefix("://"));
    rest.is_some_and(|rest| rest.trim_end_matches('/') == origin.authority())
}

/// The hosts of a profile's store, without the bucket.
struct Hosts {
    scheme: &'static str,
    port: u16,
    plain: Vec<String>,
    accelerated: Vec<String>,
}

impl Hosts {
    fn of(profile: &S3Profile) -> Self {
        match profile.endpoint().and_then(|url| Url::parse(url).ok()) {
            Some(url) => Self {
                scheme: if url.scheme() == "http" {
                    "http"
                } else {
                    "https"
                },
                port: url.port_or_known_default().unwrap_or(443),
                plain: url.host_str().map(str::to_owned).into_iter().collect(),
                accelerated: Vec::new(),
            },
            None => Self::of_aws(profile.region()),
        }
    }

    fn of_aws(region: &str) -> Self {
        let domain = Partition::of(region).domain;
        let named = |host: &&str| format!("{}.{domain}", host.replace("{}", region));
        Self {
            scheme: "https",
            port: 443,
            plain: AWS_HOSTS.iter().map(named).collect(),
            accelerated: AWS_ACCELERATED.iter().map(named).collect(),
        }
    }
}
