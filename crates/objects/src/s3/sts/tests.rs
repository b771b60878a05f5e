//! The requests to an STS, and how its answers are read.

use crate::s3::session::now;

use serde_json::json;

use super::*;
use crate::s3::sigv4::{Signable, SigningScope, encode_segment, parse_timestamp, sha256_hex};
use crate::token::stand_in::{Seen, TokenServiceStandIn};
use crate::{StorageCredential, StorageProfile};

/// A session, in the form of AWS's answer.
pub(in crate::s3) fn granted(key: &str, lives_for: Duration) -> (u16, String) {
    let expiration = chrono::DateTime::<chrono::Utc>::from(now() + lives_for);
    let body = format!(
        r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
        <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn><AssumedRoleId>X:s</AssumedRoleId></AssumedRoleUser>
        <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey>
        <SessionToken>hunter2/token+==</SessionToken><Expiration>{}</Expiration></Credentials>
        <PackedPolicySize>6</PackedPolicySize></AssumeRoleResult>
        <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"#,
        expiration.format("%Y-%m-%dT%H:%M:%SZ")
    );
    (200, body)
}

pub(in crate::s3) fn refused(status: u16, code: &str, message: &str) -> (u16, String) {
    let body = format!(
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
        <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"#
    );
    (status, body)
}

/// Checks a signature for `us-east-1` with the key of these tests. The request was signed by `object_store`, and is
/// signed again here by this crate.
pub(in crate::s3) fn assert_signed(seen: &Seen, service: &str) {
    let authorization = seen.header("authorization").unwrap();
    let (method, uri) = seen.target().split_once(' ').unwrap();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let (_, names) = authorization.split_once("SignedHeaders=").unwrap();
    let (names, _) = names.split_once(',').unwrap();
    let headers: BTreeMap<String, String> = names
        .split(';')
        .map(|name| (name.to_owned(), seen.header(name).unwrap().to_owned()))
        .collect();
    // For all services but S3, the path is encoded once more before it is signed.
    let path: Vec<String> = path.split('/').map(encode_segment).collect();
    let request = Signable {
        method,
        path: &path.join("/"),
        query,
        headers: &headers,
        payload_hash: &sha256_hex(seen.body.as_bytes()),
    };
    let scope = SigningScope {
        region: "us-east-1",
        service,
        at: parse_timestamp(seen.header("x-amz-date").unwrap()).unwrap(),
    };
    let key = ("AKIAEXAMPLE", &scope.signing_key("hunter2"));
    assert_eq!(scope.authorization(key, &request), authorization);
}

fn sts(endpoint: &str, external_id: Option<&str>) -> Sts {
    let profile = json!({
        "type": "s3", "bucket": "bucket", "region": "eu-central-1", "sts-enabled": true,
        "sts-role-arn": "arn:aws:iam::1:role/r", "sts-endpoint": endpoint,
    });
    let credential = json!({
        "type": "s3", "credential-type": "access-key", "access-key-id": "AKIAEXAMPLE",
        "secret-access-key": "hunter2", "external-id": external_id,
    });
    let StorageProfile::S3(profile) = StorageProfile::from_json(&profile).unwrap() else {
        panic!("a profile of S3")
    };
    let Ok(StorageCredential::S3(credential)) = StorageCredential::from_json(&credential) else {
        panic!("a credential for S3")
    };
    Sts::open(&profile, &credential).unwrap()
}

const HOUR: Duration = Duration::from_hours(1);

fn asked() -> AssumeRole<'static> {
    AssumeRole {
        role_arn: Some("arn:aws:iam::1:role/r"),
        session_name: "a-session",
        duration: Duration::from_mins(15),
        policy: Some(r#"{"Version":"2012-10-17"}"#),
        tags: None,
    }
}

#[tokio::test]
async fn everything_that_was_asked_for_is_sent_and_signed() {
    let service = TokenServiceStandIn::answering(vec![granted("ASIA1", HOUR)]).await;
    let tags = BTreeMap::from([
        ("Team".to_owned(), "a b".to_owned()),
        ("Env".to_owned(), "prod".to_owned()),
    ]);
    let asked = AssumeRole {
        tags: Some(&tags),
        ..asked()
    };
    let session = sts(&service.url, Some("ext1")).assume_role(&asked).await;

    let session = session.unwrap();
    assert_eq!(session.access_key_id, "ASIA1");
    assert_eq!(session.session_token.expose(), "hunter2/token+==");
    let left = session.expires_at.duration_since(now()).unwrap();
    assert!(left > Duration::from_mins(59) && left <= HOUR);
    assert!(!format!("{session:?}").contains("hunter2"));

    let seen = service.only();
    assert_eq!(seen.target(), "POST /");
    let expected = [
        ("Action", "AssumeRole"),
        ("DurationSeconds", "900"),
        ("ExternalId", "ext1"),
        ("Policy", r#"{"Version":"2012-10-17"}"#),
        ("RoleArn", "arn:aws:iam::1:role/r"),
        ("RoleSessionName", "a-session"),
        ("Tags.member.1.Key", "Env"),
        ("Tags.member.1.Value", "prod"),
        ("Tags.member.2.Key", "Team"),
        ("Tags.member.2.Value", "a b"),
        ("Version", "2011-06-15"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(seen.form(), BTreeMap::from(expected));
    let authorization = seen.header("authorization").unwrap();
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
            && authorization.contains("/eu-central-1/sts/aws4_request")
            && authorization.contains("host;x-amz-content-sha256;x-amz-date"),
        "{authorization}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_sent() {
    let service = TokenServiceStandIn::answering(vec![granted("ASIA1", HOUR)]).await;
    let asked = AssumeRole {
        role_arn: None,
        policy: None,
        ..asked()
    };
    sts(&service.url, None).assume_role(&asked).await.unwrap();
    let form = service.only().form();
    for absent in ["RoleArn", "ExternalId", "Policy", "Tags.member.1.Key"] {
        assert!(!form.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn throttling_is_asked_again_and_then_said() {
    for (status, code) in [(400, "Throttling"), (503, "SlowDown"), (429, "Whatever")] {
        let busy = refused(status, code, "Rate exceeded");
        let answers = vec![busy.clone(), busy.clone(), granted("ASIA1", HOUR)];
        let service = TokenServiceStandIn::answering(answers).await;
        sts(&service.url, None).assume_role(&asked()).await.unwrap();
        assert_eq!(service.seen().len(), 3);

        let service = TokenServiceStandIn::answering(vec![busy]).await;
        let failure = sts(&service.url, None)
            .assume_role(&asked())
            .await
            .unwrap_err();
        assert!(
            matches!(failure, TokenFailure::Throttled { .. }),
            "{failure:?}"
        );
        assert_eq!(service.seen().len(), 3, "{code}");
    }
}

#[tokio::test]
async fn a_refusal_is_final_and_shows_nothing_that_was_signed() {
    let message = "The signature does not match.\n\nThe Canonical String should have been\nx-amz-security-token:hunter2";
    let service =
        TokenServiceStandIn::answering(vec![refused(403, "SignatureDoesNotMatch", message)]).await;
    let failure = sts(&service.url, Some("ext1")).assume_role(&asked()).await;
    let failure = failure.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "the token service refused: The signature does not match. (403 SignatureDoesNotMatch)"
    );
    assert_eq!(service.seen().len(), 1);
    assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
}

#[tokio::test]
async fn refusals_of_compatible_stores_are_read_too() {
    let bare = "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>".to_owned();
    let table = [
        ((403, bare), "No. (403 AccessDenied)"),
        (
            (403, "<html>".to_owned()),
            "it answered without an explanation (403)",
        ),
    ];
    for (answer, expected) in table {
        let service = TokenServiceStandIn::answering(vec![answer]).await;
        let failure = sts(&service.url, None)
            .assume_role(&asked())
            .await
            .unwrap_err();
        assert!(matches!(failure, TokenFailure::Refused(_)), "{failure:?}");
        assert!(failure.to_string().ends_with(expected), "{failure}");
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_no_access() {
    let (_, good) = granted("ASIA1", HOUR);
    let answers = [
        "not XML, hunter2".to_owned(),
        good.replace("ASIA1", "AS IA\r\nX-Header: 1"),
        good.replace("<Expiration>", "<Expiration>soon"),
        good.replace("SessionToken", "Other"),
        "x".repeat(300 << 10),
    ];
    for answer in answers {
        let service = TokenServiceStandIn::answering(vec![(200, answer)]).await;
        let failure = sts(&service.url, None)
            .assume_role(&asked())
            .await
            .unwrap_err();
        assert!(
            matches!(failure, TokenFailure::Unavailable(_)),
            "{failure:?}"
        );
        assert!(!format!("{failure} {failure:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let service = TokenServiceStandIn::answering(vec![(307, String::new())]).await;
    let failure = sts(&service.url, None)
        .assume_role(&asked())
        .await
        .unwrap_err();
    assert!(failure.to_string().contains("307"), "{failure}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable() {
    let failure = sts("http://127.0.0.1:9/", None).assume_role(&asked()).await;
    let failure = failure.unwrap_err();
    assert!(
        matches!(failure, TokenFailure::Unavailable(_)),
        "{failure:?}"
    );
    assert!(failure.to_string().contains("no connection"), "{failure}");
}

#[test]
fn the_service_of_a_region_is_found() {
    let of = |fields: serde_json::Value| {
        let mut json =
            json!({"type": "s3", "bucket": "bucket", "region": "us-east-1", "sts-enabled": false});
        for (name, value) in fields.as_object().unwrap() {
            json[name] = value.clone();
        }
        match StorageProfile::from_json(&json).unwrap() {
            StorageProfile::S3(profile) => address(&profile),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of(json!({})), "https://sts.us-east-1.amazonaws.com/");
    assert_eq!(
        of(json!({"region": "cn-north-1"})),
        "https://sts.cn-north-1.amazonaws.com.cn/"
    );
    assert_eq!(
        of(
            json!({"region": "eusc-de-east-1", "endpoint": "https://s3.eusc-de-east-1.amazonaws.eu"})
        ),
        "https://sts.eusc-de-east-1.amazonaws.eu/"
    );
    for endpoint in [
        "https://s3.us-east-1.amazonaws.com",
        "https://s3-fips.dualstack.us-east-1.amazonaws.com",
        "https://bucket.vpce-1a-2b.s3.us-east-1.vpce.amazonaws.com",
    ] {
        assert_eq!(
            of(json!({ "endpoint": endpoint })),
            "https://sts.us-east-1.amazonaws.com/"
        );
    }
    assert_eq!(
        of(json!({"region": "cn-north-1", "endpoint": "https://s3.cn-north-1.amazonaws.com.cn"})),
        "https://sts.cn-north-1.amazonaws.com.cn/"
    );
    assert_eq!(
        of(json!({"endpoint": "http://minio:9000"})),
        "http://minio:9000/"
    );
    assert_eq!(
        of(json!({"endpoint": "http://minio:9000", "sts-endpoint": "http://sts:1"})),
        "http://sts:1/"
    );
}
