//! Requests that are signed, and requests that are refused.

mod delete;
mod guards;
mod headers;
mod host;

use std::sync::Arc;

use object_store::aws::AwsCredential;
use serde_json::json;

use super::*;
use crate::{Scheme, StorageProfile};

const FOLDER: &str = "s3://bucket-a/wh/orders";

fn profile(more: &serde_json::Value) -> S3Profile {
    let mut json = json!({
        "type": "s3", "bucket": "bucket-a", "region": "eu-west-1", "sts-enabled": false,
        "flavor": "s3-compat", "endpoint": "http://store.example:9000",
    });
    for (name, value) in more.as_object().unwrap() {
        json[name] = value.clone();
    }
    match StorageProfile::from_json(&json).unwrap() {
        StorageProfile::S3(profile) => *profile,
        other => panic!("{other:?}"),
    }
}

/// The time of all signatures in these tests.
fn now() -> SystemTime {
    parse_timestamp("20260102T030405Z").unwrap().into()
}

fn credential() -> AwsCredential {
    AwsCredential {
        key_id: "AKIAEXAMPLE".to_owned(),
        secret_key: "hunter2".to_owned(),
        token: None,
    }
}

fn key() -> SigningKey {
    SigningKey::of(Arc::new(credential()))
}

fn request(method: &str, uri: &str) -> SignRequest {
    SignRequest {
        method: method.to_owned(),
        uri: uri.to_owned(),
        region: "eu-west-1".to_owned(),
        ..SignRequest::default()
    }
}

fn scope(folder: &str, permission: Permission) -> Scope {
    Scope {
        folder: Location::parse(folder).unwrap(),
        permission,
    }
}

fn sign(request: SignRequest) -> Result<SignedRequest, SignError> {
    let scope = scope(FOLDER, Permission::Write);
    S3Request::parse(&profile(&json!({})), BulkDeletes::Refused, request)?.sign(
        &scope,
        &key(),
        now(),
    )
}

fn with_header(mut request: SignRequest, name: &str, value: &str) -> SignRequest {
    request
        .headers
        .insert(name.to_owned(), vec![value.to_owned()]);
    request
}

/// The URI of a path on the endpoint.
fn at(path: &str) -> String {
    format!("http://store.example:9000{path}")
}

#[test]
fn what_engines_send_is_signed_and_named_for_what_it_needs() {
    use Permission::{Read, Write};
    let table = [
        ("GET", "/bucket-a/wh/orders/data/a.parquet", Read),
        (
            "GET",
            "/bucket-a/wh/orders/a?partNumber=1&x-id=GetObject",
            Read,
        ),
        ("HEAD", "/bucket-a/wh/orders/metadata/v1.json", Read),
        (
            "GET",
            "/bucket-a?list-type=2&prefix=wh%2Forders%2F&delimiter=%2F&max-keys=1",
            Read,
        ),
        (
            "GET",
            "/bucket-a/?list-type=2&prefix=wh/orders/da&encoding-type=url&continuation-token=a%2Bb",
            Read,
        ),
        ("PUT", "/bucket-a/wh/orders/data/a.parquet", Write),
        ("POST", "/bucket-a/wh/orders/data/a.parquet?uploads", Write),
        (
            "PUT",
            "/bucket-a/wh/orders/data/a.parquet?partNumber=1&uploadId=abc",
            Write,
        ),
        (
            "POST",
            "/bucket-a/wh/orders/data/a.parquet?uploadId=abc",
            Write,
        ),
        (
            "DELETE",
            "/bucket-a/wh/orders/data/a.parquet?uploadId=abc",
            Write,
        ),
        ("DELETE", "/bucket-a/wh/orders/data/a.parquet", Write),
    ];
    for (method, path, needs) in table {
        let parsed = S3Request::parse(
            &profile(&json!({})),
            BulkDeletes::Refused,
            request(method, &at(path)),
        )
        .unwrap();
        assert_eq!(parsed.needs(), needs, "{method} {path}");
        for permission in [Read, Write] {
            let outcome = parsed.sign(&scope(FOLDER, permission), &key(), now());
            let is_allowed = permission == Write || needs == Read;
            assert_eq!(outcome.is_ok(), is_allowed, "{method} {path}: {outcome:?}");
            if let Ok(signed) = outcome {
                assert_eq!(signed.is_reusable, needs == Read);
                assert!(signed.headers.contains_key("Authorization"));
            }
        }
        // A sibling whose name is a prefix of the table's.
        let neighbour = parsed.sign(&scope("s3://bucket-a/wh/order", Write), &key(), now());
        assert!(
            matches!(neighbour, Err(SignError::Outside { .. })),
            "{neighbour:?}"
        );
    }
}

#[test]
fn nothing_but_the_tables_folder_is_reached() {
    let outside = [
        "/bucket-a/wh/orders2/a",
        "/bucket-a/wh/orders",
        "/bucket-a/wh/ordersX/a",
        "/bucket-a/wh/a",
        "/bucket-a/wh/Orders/a",
        "/bucket-a/wh/order%73%32/a",
        "/bucket-a/wh%252Forders/a",
        // The same letter in another Unicode normal form.
        "/bucket-a/wh/ord%65%CC%81rs/a",
    ];
    for path in outside {
        let outcome = sign(request("GET", &at(path)));
        assert!(
            matches!(outcome, Err(SignError::Outside { .. })),
            "{path}: {outcome:?}"
        );
    }
    for prefix in [
        "",
        "/",
        "wh",
        "wh/",
        "wh/orders",
        "wh/orders2/",
        "wh/order%2525/",
        "wh/orders%2520/",
    ] {
        let outcome = sign(request(
            "GET",
            &at(&format!("/bucket-a?list-type=2&prefix={prefix}")),
        ));
        assert!(
            matches!(outcome, Err(SignError::Outside { .. })),
            "{prefix}: {outcome:?}"
        );
    }
    let other_bucket = scope("s3://bucket-b/wh/orders", Permission::Write);
    let parsed = S3Request::parse(
        &profile(&json!({})),
        BulkDeletes::Refused,
        request("GET", &at("/bucket-a/wh/orders/a")),
    );
    let outcome = parsed.unwrap().sign(&other_bucket, &key(), now());
    assert!(
        matches!(outcome, Err(SignError::Outside { .. })),
        "{outcome:?}"
    );
}

#[test]
fn keys_that_some_reader_could_take_for_others_are_refused() {
    let doubtful = [
        "..",
        "../x",
        "a/../b",
        "a/./b",
        ".",
        "%2e%2e/x",
        "a/%2E%2e/b",
        "%252e%252e/x",
        "%25252e%25252e/x",
        "a%252F..%252F..%252Fb",
        "a%255C..%255Cb",
        "a//b",
        "/a",
        "a/",
        "a%5Cb",
        "a%00b",
        "a%0Ab",
        "%E2%80%A5/x",
        "%EF%BC%8E%EF%BC%8E/x",
        "a%EF%BC%8F..%EF%BC%8Fb",
        "%E2%80%8B..%E2%80%8B/x",
    ];
    for rest in doubtful {
        let outcome = sign(request("GET", &at(&format!("/bucket-a/wh/orders/{rest}"))));
        assert!(
            matches!(outcome, Err(SignError::Key { .. })),
            "{rest}: {outcome:?}"
        );
    }
    let no_uri = [
        "a%2Fb",
        "a%2fb",
        "a\\b",
        "a b",
        "a%",
        "a%2",
        "a%zz",
        "é",
        "%FF",
        "a#b",
        "a\nb",
        "a?x=1&x=2&prefix=%",
    ];
    for rest in no_uri {
        let outcome = sign(request("GET", &at(&format!("/bucket-a/wh/orders/{rest}"))));
        assert!(
            matches!(outcome, Err(SignError::Uri { .. })),
            "{rest}: {outcome:?}"
        );
    }
    let long = sign(request(
        "GET",
        &at(&format!("/bucket-a/wh/orders/{}", "a".repeat(1015))),
    ));
    assert_eq!(
        long.unwrap_err().to_string(),
        "the key has 1025 bytes: at most 1024 are signed"
    );
}

#[test]
fn what_is_signed_is_written_anew_from_what_was_checked() {
    let table = [
        (
            "/bucket-a/wh/orders/%61+b*'(c)",
            "/bucket-a/wh/orders/a%2Bb%2A%27%28c%29",
        ),
        // The key that Java writes for a partition value with a slash, a blank and a colon.
        (
            "/bucket-a/wh/orders/n=a%252Fb%2520c%253A",
            "/bucket-a/wh/orders/n=a%252Fb%2520c%253A",
        ),
        ("/bucket-a/wh/orders/%c3%a9~", "/bucket-a/wh/orders/%C3%A9~"),
        ("/bucket-a/wh/orders/a?", "/bucket-a/wh/orders/a"),
        (
            "/bucket-a/wh/orders/a?&partNumber=%31",
            "/bucket-a/wh/orders/a?partNumber=1",
        ),
        (
            "/bucket-a?prefix=wh/orders/a+b%2B&list-type=2",
            "/bucket-a?list-type=2&prefix=wh%2Forders%2Fa%20b%2B",
        ),
    ];
    for (given, expected) in table {
        let signed = sign(request("GET", &at(given))).unwrap();
        assert_eq!(signed.uri, at(&expected.replace("n=", "n%3D")), "{given}");
    }
    let uri = "HTTP://store.example:9000/bucket-a/wh/orders/a";
    assert!(matches!(
        sign(request("GET", uri)),
        Err(SignError::Uri { .. })
    ));
}

#[test]
fn other_operations_are_refused() {
    let refused = [
        ("GET", "/bucket-a/wh/orders/a?acl"),
        ("GET", "/bucket-a/wh/orders/a?tagging"),
        ("GET", "/bucket-a/wh/orders/a?versionId=null"),
        (
            "GET",
            "/bucket-a/wh/orders/a?response-content-type=text/html",
        ),
        ("GET", "/bucket-a/wh/orders/a?uploadId=abc"),
        ("GET", "/bucket-a/wh/orders/a?X-Amz-Signature=abc"),
        ("GET", "/bucket-a/wh/orders/a?list-type=2&prefix=wh/orders/"),
        ("PUT", "/bucket-a/wh/orders/a?acl"),
        ("PUT", "/bucket-a/wh/orders/a?uploadId=abc"),
        ("PUT", "/bucket-a/wh/orders/a?partNumber=1&uploadId="),
        ("POST", "/bucket-a/wh/orders/a"),
        ("POST", "/bucket-a/wh/orders/a?delete"),
        ("POST", "/bucket-a/wh/orders/a?uploads=x"),
        ("POST", "/bucket-a/wh/orders/a?select&select-type=2"),
        ("DELETE", "/bucket-a/wh/orders/a?versionId=1"),
        ("GET", "/bucket-a"),
        ("GET", "/bucket-a?list-type=2"),
        ("GET", "/bucket-a?prefix=wh/orders/"),
        ("GET", "/bucket-a?list-type=1&prefix=wh/orders/"),
        ("GET", "/bucket-a?list-type=2&prefix=wh/orders/&versions"),
        ("GET", "/bucket-a?list-type=2&prefix=wh/orders/&policy"),
        ("GET", "/bucket-a?uploads&prefix=wh/orders/"),
        ("GET", "/bucket-a?location"),
        ("HEAD", "/bucket-a"),
        ("PUT", "/bucket-a"),
        ("PUT", "/bucket-a?policy"),
        ("DELETE", "/bucket-a"),
        ("POST", "/bucket-a?delete=1"),
    ];
    for (method, path) in refused {
        let outcome = sign(request(method, &at(path)));
        assert!(
            matches!(outcome, Err(SignError::Operation { .. })),
            "{method} {path}: {outcome:?}"
        );
    }
    for method in ["PATCH", "OPTIONS", "get", "", "GET\n"] {
        let outcome = sign(request(method, &at("/bucket-a/wh/orders/a")));
        assert!(
            matches!(outcome, Err(SignError::Method(_))),
            "{method}: {outcome:?}"
        );
    }
    let mut elsewhere = request("GET", &at("/bucket-a/wh/orders/a"));
    elsewhere.region = "us-east-1".to_owned();
    assert!(matches!(sign(elsewhere), Err(SignError::Region { .. })));
}

#[test]
fn the_table_can_be_found_by_what_a_request_reaches() {
    let location = |request| {
        S3Request::parse(&profile(&json!({})), BulkDeletes::Signed, request)
            .unwrap()
            .location()
    };
    let get = location(request("GET", &at("/bucket-a/wh/orders/a%20b")));
    assert_eq!(
        (get.as_str(), get.scheme()),
        ("s3://bucket-a/wh/orders/a b", Scheme::S3)
    );
    let list = location(request(
        "GET",
        &at("/bucket-a?list-type=2&prefix=wh/orders/"),
    ));
    assert_eq!(list.as_str(), "s3://bucket-a/wh/orders");
    let mut delete = request("POST", &at("/bucket-a?delete"));
    delete.body = Some("<Delete><Object><Key>wh/orders/a</Key></Object></Delete>".to_owned());
    assert_eq!(location(delete).as_str(), "s3://bucket-a/wh/orders/a");
}

#[test]
fn a_key_that_is_kept_signs_on_each_day_as_a_new_one() {
    let kept = key();
    let within = scope(FOLDER, Permission::Read);
    let asked = request("GET", &at("/bucket-a/wh/orders/a"));
    let asked = S3Request::parse(&profile(&json!({})), BulkDeletes::Refused, asked).unwrap();
    for time in ["20260102T235959Z", "20260103T000000Z", "20260102T235958Z"] {
        let time: SystemTime = parse_timestamp(time).unwrap().into();
        let signed = asked.sign(&within, &kept, time).unwrap();
        assert_eq!(signed, asked.sign(&within, &key(), time).unwrap());
    }
}
