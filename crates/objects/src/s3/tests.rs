//! Failures and unusual answers of S3, from a server of canned answers on a local port.

mod regions;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::token::stand_in::TokenServiceStandIn;
use crate::{StorageCredential, StorageProfile, open};

/// An answer; or none: the connection is closed after the request was read.
enum Answer {
    Status(u16, &'static str),
    Closed,
}

use Answer::{Closed, Status};

struct Server {
    objects: Arc<dyn Objects>,
    base: Location,
    /// `METHOD target` of each request, and its conditional header if it has one.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn with(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (requests, answers) = (Arc::clone(&seen), Mutex::new(VecDeque::from(answers)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = answers
                    .lock()
                    .unwrap()
                    .pop_front()
                    .unwrap_or(Status(500, "<Code>NoMoreAnswers</Code>"));
                serve(stream, answer, &requests).await;
            }
        });
        let (objects, base) = client(&endpoint);
        Self {
            objects,
            base,
            seen,
        }
    }

    fn at(&self, relative: &str) -> Location {
        self.base.join(relative).unwrap()
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn client(endpoint: &str) -> (Arc<dyn Objects>, Location) {
    let profile = json!({
        "type": "s3", "bucket": "bucket", "region": "local", "endpoint": endpoint,
        "path-style-access": true, "sts-enabled": false, "key-prefix": "wh",
    });
    let credential = json!({
        "type": "s3", "credential-type": "access-key",
        "access-key-id": "AKIAEXAMPLE", "secret-access-key": "hunter2",
    });
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = StorageCredential::from_json(&credential).unwrap();
    (
        open(&profile, Some(&credential)).unwrap(),
        profile.base_location(),
    )
}

/// Reads one request, records it, answers it and closes the connection.
async fn serve(mut stream: TcpStream, answer: Answer, seen: &Mutex<Vec<String>>) {
    let mut bytes = Vec::new();
    let head_end = loop {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..n]);
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        assert_ne!(n, 0, "a request that ends in its head");
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_lowercase();
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    };
    let length: usize = header("content-length").map_or(0, |v| v.parse().unwrap());
    while bytes.len() < head_end + length {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..n]);
    }
    let first = String::from_utf8_lossy(&bytes)
        .lines()
        .next()
        .unwrap_or_default()
        .replace(" HTTP/1.1", "");
    let conditional = header("if-none-match")
        .map(|v| format!(" if-none-match:{v}"))
        .unwrap_or_default();
    seen.lock().unwrap().push(format!("{first}{conditional}"));
    if let Status(status, body) = answer {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\netag: \"1\"\r\n\
             last-modified: Sat, 21 Nov 2026 06:00:00 GMT\r\nconnection: close\r\n\r\n"
        );
        // A HEAD gets no body.
        let body = if head.starts_with("head") { "" } else { body };
        stream
            .write_all(format!("{answer}{body}").as_bytes())
            .await
            .unwrap();
    }
}

const OK: Answer = Status(200, "");
const SLOW_DOWN: Answer = Status(
    503,
    "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>",
);
/// Like AWS's answer to a wrong signature, which contains the request that was signed.
const WRONG_SIGNATURE: Answer = Status(
    403,
    "<Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not match.</Message>\
     <AWSAccessKeyId>AKIAEXAMPLE</AWSAccessKeyId><CanonicalRequest>x-amz-security-token:hunter2</CanonicalRequest></Error>",
);

#[tokio::test]
async fn throttling_is_outlived() {
    let server = Server::with(vec![SLOW_DOWN, Closed, Status(200, "content")]).await;
    assert_eq!(
        server.objects.read(&server.at("x"), 10).await.unwrap(),
        "content"
    );
    assert_eq!(server.seen(), ["GET /bucket/wh/x"; 3]);
}

#[tokio::test]
async fn lasting_throttling_is_unavailable() {
    let server = Server::with(vec![SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, SLOW_DOWN]).await;
    let error = server.objects.read(&server.at("x"), 10).await.unwrap_err();
    assert!(
        matches!(error, ObjectError::Unavailable { .. }),
        "{error:?}"
    );
    assert_eq!(
        error.report(),
        "the store of `s3://bucket/wh/x` is unavailable: Reduce your request rate. (503 SlowDown)"
    );
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn an_answer_with_secrets_in_it_is_not_shown() {
    let server = Server::with(vec![WRONG_SIGNATURE]).await;
    let error = server
        .objects
        .write_new(&server.at("x"), Bytes::new())
        .await
        .unwrap_err();
    assert!(
        matches!(error, ObjectError::PermissionDenied { .. }),
        "{error:?}"
    );
    let shown = format!("{error} {error:?} {} {:?}", error.report(), server.objects);
    assert!(
        shown.contains("The signature does not match. (403 SignatureDoesNotMatch)"),
        "{shown}"
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("AKIAEXAMPLE"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_put_is_conditional_and_a_conflict_is_tried_again() {
    let conflict = Status(
        409,
        "<Error><Code>ConditionalRequestConflict</Code><Message>Busy</Message></Error>",
    );
    let server = Server::with(vec![conflict, OK]).await;
    server
        .objects
        .write_new(&server.at("x"), Bytes::from_static(b"x"))
        .await
        .unwrap();
    assert_eq!(server.seen(), ["PUT /bucket/wh/x if-none-match:*"; 2]);

    let taken = Status(
        412,
        "<Error><Code>PreconditionFailed</Code><Message>Taken</Message></Error>",
    );
    let server = Server::with(vec![taken]).await;
    let error = server
        .objects
        .write_new(&server.at("x"), Bytes::from_static(b"x"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, ObjectError::AlreadyExists { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_put_whose_answer_was_lost_is_looked_after() {
    let taken = || Status(412, "<Error><Code>PreconditionFailed</Code></Error>");
    let server = Server::with(vec![Closed, taken(), Status(200, "mine")]).await;
    server
        .objects
        .write_new(&server.at("x"), Bytes::from_static(b"mine"))
        .await
        .unwrap();

    let server = Server::with(vec![Closed, taken(), Status(200, "not!")]).await;
    let error = server
        .objects
        .write_new(&server.at("x"), Bytes::from_static(b"mine"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, ObjectError::AlreadyExists { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_store_without_conditional_puts_is_asked_first() {
    let unknown = || {
        Status(
            501,
            "<Error><Code>NotImplemented</Code><Message>If-None-Match</Message></Error>",
        )
    };
    let server = Server::with(vec![unknown(), Status(404, ""), OK]).await;
    server
        .objects
        .write_new(&server.at("x"), Bytes::from_static(b"x"))
        .await
        .unwrap();
    assert_eq!(
        server.seen(),
        [
            "PUT /bucket/wh/x if-none-match:*",
            "HEAD /bucket/wh/x",
            "PUT /bucket/wh/x"
        ]
    );
    let server = Server::with(vec![unknown(), OK]).await;
    let error = server
        .objects
        .write_new(&server.at("x"), Bytes::from_static(b"x"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, ObjectError::AlreadyExists { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_store_without_bulk_deletion_is_asked_once() {
    let unknown = Status(
        400,
        "<Error><Code>MethodNotAllowed</Code><Message>No</Message></Error>",
    );
    let gone = || Status(404, "<Error><Code>NoSuchKey</Code></Error>");
    let server = Server::with(vec![unknown, Status(204, ""), gone(), Status(204, "")]).await;
    let all = || vec![server.at("a"), server.at("b")];
    server.objects.delete_batch(all()).await.unwrap();
    server
        .objects
        .delete_batch(vec![server.at("c")])
        .await
        .unwrap();
    let mut seen = server.seen();
    seen[1..3].sort();
    assert_eq!(
        seen,
        [
            "POST /bucket?delete",
            "DELETE /bucket/wh/a",
            "DELETE /bucket/wh/b",
            "DELETE /bucket/wh/c"
        ]
    );
}

#[tokio::test]
async fn a_key_that_a_bulk_deletion_leaves_is_told() {
    let partly = Status(
        200,
        "<DeleteResult><Error><Key>wh/b</Key><Code>AccessDenied</Code><Message>No</Message></Error></DeleteResult>",
    );
    let denied = || {
        Status(
            403,
            "<Error><Code>AccessDenied</Code><Message>Locked</Message></Error>",
        )
    };
    let server = Server::with(vec![partly, denied(), denied()]).await;
    let error = server
        .objects
        .delete_batch(vec![server.at("a"), server.at("b")])
        .await
        .unwrap_err();
    assert!(
        error.report().contains("Locked (403 AccessDenied)"),
        "{}",
        error.report()
    );
}

#[tokio::test]
async fn a_missing_bucket_is_not_a_missing_object() {
    let missing = || {
        Status(
            404,
            "<Error><Code>NoSuchBucket</Code><Message>No bucket</Message></Error>",
        )
    };
    let server = Server::with(vec![missing(), missing()]).await;
    for error in [
        server.objects.read(&server.at("x"), 10).await.unwrap_err(),
        server.objects.delete(&server.at("x")).await.unwrap_err(),
    ] {
        assert!(matches!(error, ObjectError::Invalid { .. }), "{error:?}");
        assert!(
            error.report().contains("No bucket (404 NoSuchBucket)"),
            "{}",
            error.report()
        );
    }
}

#[tokio::test]
async fn other_answers_are_told() {
    let html = Status(405, "<html>token=hunter2</html>");
    let server = Server::with(vec![html, Status(301, ""), Status(200, "no xml")]).await;
    let error = server.objects.read(&server.at("x"), 10).await.unwrap_err();
    assert_eq!(
        error.report(),
        "`s3://bucket/wh/x` cannot be used: the store refused the request (405)"
    );
    let error = server.objects.read(&server.at("x"), 10).await.unwrap_err();
    assert!(
        error.report().contains("incorrectly configured region"),
        "{}",
        error.report()
    );
    let error = server
        .objects
        .list_prefix(&server.at("x"), PageRequest::first())
        .await
        .unwrap_err();
    assert!(matches!(error, ObjectError::Invalid { .. }), "{error:?}");
    assert_eq!(
        server.seen()[2],
        "GET /bucket?list-type=2&prefix=wh%2Fx%2F&max-keys=1000"
    );
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (objects, base) = client(&endpoint);
    let error = objects
        .read(&base.join("x").unwrap(), 10)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ObjectError::Unavailable { .. }),
        "{error:?}"
    );
    let message = error.report();
    assert!(
        message.starts_with("the store of `s3://bucket/wh/x` is unavailable: HTTP error"),
        "{message}"
    );
    assert!(message.contains("Connection refused"), "{message}");
}

#[tokio::test]
async fn an_object_above_the_bound_is_not_loaded() {
    let server = Server::with(vec![Status(200, "0123456789")]).await;
    let error = server.objects.read(&server.at("x"), 5).await.unwrap_err();
    assert!(
        matches!(error, ObjectError::TooLarge { max: 5, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn keys_go_over_the_wire_as_raw_strings() {
    let server = Server::with(vec![Status(200, "")]).await;
    server
        .objects
        .read(&server.at("a%20b c/ü?"), 10)
        .await
        .unwrap();
    assert_eq!(server.seen(), ["GET /bucket/wh/a%2520b%20c/%C3%BC%3F"]);
}

#[tokio::test]
async fn aws_itself_needs_no_endpoint() {
    let profile =
        json!({"type": "s3", "bucket": "bucket", "region": "eu-central-1", "sts-enabled": false});
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = json!({
        "type": "s3", "credential-type": "access-key", "access-key-id": "a", "secret-access-key": "b",
    });
    let credential = StorageCredential::from_json(&credential).unwrap();
    let shown = format!("{:?}", open(&profile, Some(&credential)).unwrap());
    assert!(shown.contains("S3Store(bucket)"), "{shown}");
    assert_eq!(
        open(&profile, None).unwrap_err(),
        OpenError::CredentialMissing("s3")
    );
}

#[test]
fn the_bucket_stands_in_the_host_or_in_the_path() {
    let endpoint = |bucket: &str, path_style: bool| {
        let profile = json!({
            "type": "s3", "bucket": bucket, "region": "x", "sts-enabled": false,
            "endpoint": "https://s3.example.com:9000", "path-style-access": path_style,
        });
        let StorageProfile::S3(profile) = StorageProfile::from_json(&profile).unwrap() else {
            panic!()
        };
        endpoint_for_bucket(&profile, profile.endpoint().unwrap())
    };
    assert_eq!(endpoint("bucket", true), "https://s3.example.com:9000");
    assert_eq!(
        endpoint("bucket", false),
        "https://bucket.s3.example.com:9000"
    );
    assert_eq!(
        endpoint("dotted.bucket", false),
        "https://s3.example.com:9000"
    );
}

#[test]
fn in_front_of_a_number_no_bucket_can_stand() {
    for (endpoint, is_in_path) in [
        ("http://127.0.0.1:9000", true),
        ("http://[::1]:9000", true),
        ("https://10.0.0.1", true),
        ("https://10.example.com:9000", false),
        ("http://localhost:9000", false),
    ] {
        let profile = json!({
            "type": "s3", "bucket": "bucket", "region": "x", "sts-enabled": false, "endpoint": endpoint,
        });
        let StorageProfile::S3(profile) = StorageProfile::from_json(&profile).unwrap() else {
            panic!()
        };
        assert_eq!(profile.is_path_style(), is_in_path, "{endpoint}");
        let told = StorageProfile::S3(profile).client_config();
        let told = told.iter().any(|(key, _)| key == "s3.path-style-access");
        assert_eq!(told, is_in_path, "{endpoint}");
    }
}

/// What `legacy-md5-behavior` requests is always done.
#[tokio::test]
async fn deletions_of_several_objects_have_an_md5_beside_the_newer_checksum() {
    let deleted = "<DeleteResult><Deleted><Key>wh/a</Key></Deleted></DeleteResult>";
    let store = TokenServiceStandIn::answering(vec![(200, deleted.to_owned())]).await;
    let (objects, base) = client(store.url.trim_end_matches('/'));
    let all = ["a", "b"].map(|name| base.join(name).unwrap());
    objects.delete_batch(all.into()).await.unwrap();
    let request = store.only();
    assert!(request.target().starts_with("POST /"), "{request:?}");
    for checksum in ["content-md5", "x-amz-checksum-sha256"] {
        assert!(
            request.header(checksum).is_some(),
            "{checksum}: {request:?}"
        );
    }
}
