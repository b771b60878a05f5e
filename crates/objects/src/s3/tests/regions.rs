//! Where Amazon's buckets are.

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
fn china_has_a_domain_of_its_own() {
    for (bucket, path_style, expected) in [
        ("lake", None, "https://lake.s3.cn-north-1.amazonaws.com.cn"),
        ("lake", Some(true), "https://s3.cn-north-1.amazonaws.com.cn"),
        ("a.lake", None, "https://s3.cn-north-1.amazonaws.com.cn"),
    ] {
        let found = endpoint("cn-north-1", bucket, path_style);
        assert_eq!(found.as_deref(), Some(expected), "{bucket}");
    }
    assert_eq!(endpoint("eu-west-1", "lake", None), None);
}
