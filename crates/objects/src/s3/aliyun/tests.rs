//! The requests to Alibaba Cloud's STS, and how its answers are read.

use serde_json::json;

use super::*;
use crate::token::stand_in::TokenServiceStandIn;
use crate::{StorageProfile, VendError};

fn aliyun(url: Option<&str>) -> Aliyun {
    let profile = json!({
        "type": "s3", "bucket": "lake", "region": "cn-hangzhou", "sts-enabled": true,
        "endpoint": "https://s3.oss-cn-hangzhou.aliyuncs.com", "sts-endpoint": url,
        "sts-role-arn": "acs:ram::1:role/lake",
    });
    let StorageProfile::S3(profile) = StorageProfile::from_json(&profile).unwrap() else {
        panic!("a profile of S3")
    };
    let key = AccessKey {
        id: "testid".to_owned(),
        secret: Secret::new("hunter2".to_owned()),
    };
    let external_id = Secret::new("ext1".to_owned());
    Aliyun::open(&profile, &key, Some(&external_id)).unwrap()
}

/// The example in Alibaba's documentation of the signature.
#[test]
fn the_signature_is_that_of_the_documented_example() {
    let parameters = [
        ("AccessKeyId", "testid"),
        ("Action", "DescribeRegions"),
        ("Format", "XML"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
        ("SignatureVersion", "1.0"),
        ("Timestamp", "2016-02-23T12:46:24Z"),
        ("Version", "2014-05-26"),
    ];
    let parameters = parameters
        .map(|(name, value)| (name, value.to_owned()))
        .into();
    let secret = Secret::new("testsecret".to_owned());
    let get = format!("GET&{}&{}", encoded("/"), encoded(&query(&parameters)));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"testsecret&");
    assert_eq!(
        BASE64.encode(hmac::sign(&key, get.as_bytes())),
        "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
    );
    // The same parameters by POST.
    let post = hmac::sign(&key, get.replacen("GET", "POST", 1).as_bytes());
    assert_eq!(signature(&parameters, &secret), BASE64.encode(post));
}

#[tokio::test]
async fn a_role_is_taken_with_the_policy() {
    let answer = json!({
        "RequestId": "1", "Credentials": {
            "AccessKeyId": "STS.k", "AccessKeySecret": "hunter2-new", "SecurityToken": "t",
            "Expiration": "2100-01-01T00:00:00Z",
        },
    });
    let service = TokenServiceStandIn::answering(vec![(200, answer.to_string())]).await;
    let aliyun = aliyun(Some(&service.url));
    let session = aliyun
        .assume_role("{}", Duration::from_mins(15))
        .await
        .unwrap();
    assert_eq!(session.access_key_id, "STS.k");
    assert_eq!(Some(session.expires_at), time("2100-01-01T00:00:00Z"));
    assert!(!format!("{aliyun:?} {session:?}").contains("hunter2"));

    let mut form = service.only().form();
    let signed = form.remove("Signature").unwrap();
    let parameters = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    assert_eq!(
        signed,
        signature(&parameters, &Secret::new("hunter2".to_owned()))
    );
    for (name, value) in [
        ("Action", "AssumeRole"),
        ("DurationSeconds", "900"),
        ("ExternalId", "ext1"),
        ("Policy", "{}"),
        ("RoleArn", "acs:ram::1:role/lake"),
        ("RoleSessionName", "lakekeeper-sts"),
        ("Version", "2015-04-01"),
    ] {
        assert_eq!(form[name], value);
    }
}

#[tokio::test]
async fn a_refusal_says_what_alibaba_said() {
    let answer =
        json!({"Code": "NoPermission", "Message": "You are not authorized.", "RequestId": "1"});
    let service = TokenServiceStandIn::answering(vec![(403, answer.to_string())]).await;
    let failure = aliyun(Some(&service.url))
        .assume_role("{}", Duration::from_mins(15))
        .await;
    let folder = crate::Location::parse("s3://lake/t").unwrap();
    let error = failure.unwrap_err().into_vend_error(&folder);
    assert!(matches!(error, VendError::Refused { .. }));
    assert!(
        error
            .to_string()
            .ends_with("You are not authorized. (403 NoPermission)"),
        "{error}"
    );
}

#[test]
fn the_service_is_that_of_the_region() {
    assert_eq!(
        aliyun(None).url.as_str(),
        "https://sts.cn-hangzhou.aliyuncs.com/"
    );
}
