//! The partitions of AWS, and which endpoints are Amazon's own.

use url::Url;

/// A partition of AWS, which is isolated from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Prefix of the names of its regions.
    regions: &'static str,
    /// Its name in ARNs.
    pub(crate) name: &'static str,
    /// Suffix of its host names.
    pub(crate) domain: &'static str,
}

const fn partition(regions: &'static str, name: &'static str, domain: &'static str) -> Partition {
    Partition {
        regions,
        name,
        domain,
    }
}

/// As in botocore's `partitions.json`; the last one has all other regions.
const PARTITIONS: [Partition; 8] = [
    partition("cn-", "aws-cn", "amazonaws.com.cn"),
    partition("us-gov-", "aws-us-gov", "amazonaws.com"),
    partition("eusc-", "aws-eusc", "amazonaws.eu"),
    partition("us-iso-", "aws-iso", "c2s.ic.gov"),
    partition("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    partition("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    partition("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    Partition::FIRST,
];

impl Partition {
    /// The partition of most regions, and the only one for compatible stores.
    pub(crate) const FIRST: Self = partition("", "aws", "amazonaws.com");

    /// The partition of a region.
    pub(crate) fn of(region: &str) -> Self {
        let found = PARTITIONS.iter().find(|p| region.starts_with(p.regions));
        found.copied().unwrap_or(Self::FIRST)
    }
}

/// Whether an endpoint is in Amazon's domains, for any service.
pub(super) fn is_amazons(endpoint: &str) -> bool {
    let url = Url::parse(endpoint).ok();
    host_before_domain(url.as_ref()).is_some()
}

/// Whether an endpoint is Amazon's S3. Machines and load balancers that anybody can rent have names in the same
/// domains.
pub(crate) fn is_amazons_s3(endpoint: &str) -> bool {
    let url = Url::parse(endpoint).ok();
    let labels: Vec<&str> = host_before_domain(url.as_ref())
        .map(|name| name.rsplit('.').collect())
        .unwrap_or_default();
    match labels.as_slice() {
        // `s3.dualstack.eu-west-1`, `bucket.vpce-1a.s3.eu-west-1.vpce`, `s3-eu-west-1`
        [_, "dualstack", service, ..] | ["vpce", _, service, ..] | [service] => is_s3(service),
        // `s3.eu-west-1`, `bucket.s3-fips.eu-west-1`, `bucket.s3`
        [last, service, ..] => is_s3(service) || is_s3(last),
        [] => false,
    }
}

fn is_s3(label: &str) -> bool {
    label == "s3" || label.starts_with("s3-") || label.starts_with("s3express-")
}

/// The part of the host before Amazon's domain.
fn host_before_domain(url: Option<&Url>) -> Option<&str> {
    let host = url.and_then(Url::host_str)?;
    let before = |domain: &str| host.strip_suffix(domain)?.strip_suffix('.');
    PARTITIONS.iter().find_map(|p| before(p.domain))
}

#[cfg(test)]
mod tests {
    use super::super::address_at;
    use super::*;
    use crate::Location;

    #[test]
    fn a_region_is_in_the_partition_that_it_begins_as() {
        for (region, name, domain) in [
            ("eu-west-1", "aws", "amazonaws.com"),
            ("us-east-1", "aws", "amazonaws.com"),
            ("local-01", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
            ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
        ] {
            let found = Partition::of(region);
            assert_eq!((found.name, found.domain), (name, domain), "{region}");
        }
    }

    #[test]
    fn buckets_of_one_name_are_one_in_amazons_s3_and_many_on_what_others_rent() {
        let bucket = Location::parse("s3://lake/wh").unwrap();
        for (endpoint, expected) in [
            (None, "s3://lake/wh"),
            (Some("https://s3.eu-west-1.amazonaws.com/"), "s3://lake/wh"),
            (
                Some("https://minio-1.elb.eu-west-1.amazonaws.com/"),
                "https://minio-1.elb.eu-west-1.amazonaws.com/lake/wh",
            ),
            (
                Some("http://ec2-1-2-3-4.compute-1.amazonaws.com:9000/"),
                "http://ec2-1-2-3-4.compute-1.amazonaws.com:9000/lake/wh",
            ),
        ] {
            assert_eq!(address_at(endpoint, &bucket), expected);
        }
    }

    #[test]
    fn what_others_rent_of_amazon_is_not_its_s3() {
        for host in [
            "s3.amazonaws.com",
            "s3-eu-west-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn",
            "s3.eusc-de-east-1.amazonaws.eu",
            "s3.us-isob-east-1.sc2s.sgov.gov",
            "s3-fips.us-gov-west-1.amazonaws.com",
            "s3-fips.dualstack.us-east-1.amazonaws.com",
            "lake.s3.eu-west-1.amazonaws.com",
            "lake.s3.dualstack.eu-west-1.amazonaws.com",
            "bucket.vpce-1a2b-3c.s3.us-east-1.vpce.amazonaws.com",
            "lake.s3express-use1-az4.us-east-1.amazonaws.com",
        ] {
            assert!(is_amazons_s3(&format!("https://{host}/")), "{host}");
        }
        for host in [
            "s3-minio-12.eu-west-1.elb.amazonaws.com",
            "s3-minio-12.elb.eu-west-1.amazonaws.com",
            "ec2-1-2-3-4.compute-1.amazonaws.com",
            "s3tables.eu-west-1.amazonaws.com",
            "minio-1.elb.eusc-de-east-1.amazonaws.eu",
            "vpce-1-s3.vpce-svc-2.us-east-1.vpce.amazonaws.com",
        ] {
            let url = format!("http://{host}:9000/");
            assert!(!is_amazons_s3(&url) && is_amazons(&url), "{host}");
        }
        for url in [
            "https://s3.amazonaws.com.evil.example/",
            "https://s3.evilamazonaws.com/",
            "http://127.0.0.1:9000/",
            "none",
        ] {
            assert!(!is_amazons_s3(url) && !is_amazons(url), "{url}");
        }
    }
}
