//! Which endpoints are Amazon's own.

use url::Url;

/// What the names of Amazon's hosts end in; China has a domain of its own.
const DOMAINS: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];

/// Whether an endpoint is in Amazon's domains, of whatever service.
pub(super) fn is_amazons(endpoint: &str) -> bool {
    let url = Url::parse(endpoint).ok();
    name_in(url.as_ref()).is_some()
}

/// Whether an endpoint is Amazon's S3. Machines and load balancers that anybody rents have names in the same domains.
pub(crate) fn is_amazons_s3(endpoint: &str) -> bool {
    let url = Url::parse(endpoint).ok();
    let labels: Vec<&str> = name_in(url.as_ref())
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

/// What stands before Amazon's domain.
fn name_in(url: Option<&Url>) -> Option<&str> {
    let host = url.and_then(Url::host_str)?;
    DOMAINS.iter().find_map(|domain| host.strip_suffix(domain))
}

#[cfg(test)]
mod tests {
    use super::super::address_at;
    use super::*;
    use crate::Location;

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
