//! The endpoints of Amazon's buckets.

use object_store::aws::AmazonS3ConfigKey;

use super::*;

fn endpoint(region: &str, bucket: &str, path_style: Option<bool>) -> Option<String> {
    let profile = json!({
        "type": "s3", "bucket": bucket, "region": region, "path-style-access": path_style, "sts-enabled": false,
    });
    let StorageProfile::S3(profile) = StorageProfile::from_json(&profile).unwrap() else {
        panic!()
    };
    builder(&profile).get_config_value(&AmazonS3ConfigKey::Endpoint)
}

#[test]
fn china_and_the_sovereign_cloud_have_domains_of_their_own() {
    for (bucket, path_style, expected) in [
        ("lake", None, "https://lake.s3.cn-north-1.amazonaws.com.cn"),
        ("lake", Some(true), "https://s3.cn-north-1.amazonaws.com.cn"),
        ("a.lake", None, "https://s3.cn-north-1.amazonaws.com.cn"),
    ] {
        let found = endpoint("cn-north-1", bucket, path_style);
        assert_eq!(found.as_deref(), Some(expected), "{bucket}");
    }
    let sovereign = endpoint("eusc-de-east-1", "lake", None);
    let expected = "https://lake.s3.eusc-de-east-1.amazonaws.eu";
    assert_eq!(sovereign.as_deref(), Some(expected));
    for region in ["eu-west-1", "us-gov-west-1"] {
        assert_eq!(endpoint(region, "lake", None), None);
    }
}
