//! Content encodings of requests and answers.

use std::io::{Read, Write};

use async_compression::tokio::bufread::ZstdEncoder;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use testkit::{Answer, TestApp};
use tokio::io::AsyncReadExt;
use tower::ServiceExt;
use tower_http::decompression::Decompression;

use crate::set_property;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn zstd(text: &str) -> Vec<u8> {
    let mut encoded = Vec::new();
    let mut encoder = ZstdEncoder::new(text.as_bytes());
    encoder.read_to_end(&mut encoded).await.unwrap();
    encoded
}

fn decoded(answer: &Answer) -> Value {
    match answer.header("content-encoding") {
        None => answer.json(),
        Some("gzip") => {
            let mut text = String::new();
            GzDecoder::new(&answer.body[..])
                .read_to_string(&mut text)
                .unwrap();
            serde_json::from_str(&text).unwrap()
        }
        Some(other) => panic!("{other}"),
    }
}

/// The answer in zstd, decoded.
async fn by_zstd(app: &TestApp, uri: &str) -> Value {
    let request = Request::get(uri).header("accept-encoding", "zstd");
    let request = request.body(axum::body::Body::empty()).unwrap();
    let plain = app.get(uri).header("accept-encoding", "zstd").await;
    assert_eq!(plain.header("content-encoding"), Some("zstd"));
    let service = Decompression::new(app.service.clone());
    let response = service.oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

async fn large_table(app: &TestApp) -> String {
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let uri = app.at("namespaces/ns/tables/t");
    let uuid = &table["metadata"]["table-uuid"];
    let value = "a long value, again and again ".repeat(200);
    app.post(&uri, &set_property(uuid, "long", &value))
        .await
        .expect(200);
    uri
}

#[tokio::test]
async fn a_table_is_the_same_in_every_encoding() {
    let app = TestApp::start().await;
    let uri = large_table(&app).await;
    for uri in [uri.clone(), format!("{uri}?snapshots=refs")] {
        let plain = app.get(&uri).await;
        assert_eq!(plain.header("content-encoding"), None);
        let expected = plain.expect(200);
        for accepted in ["gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8, *;q=0.1"] {
            let answer = app.get(&uri).header("accept-encoding", accepted).await;
            assert_eq!(
                answer.header("content-encoding"),
                Some("gzip"),
                "{accepted}"
            );
            assert!(answer.body.len() < plain.body.len());
            assert_eq!(decoded(&answer), expected);
            assert_eq!(answer.header("etag"), plain.header("etag"));
            assert!(answer.header("vary").unwrap().contains("accept-encoding"));
        }
        for refused in ["identity", "gzip;q=0", "br"] {
            let answer = app.get(&uri).header("accept-encoding", refused).await;
            assert_eq!(answer.header("content-encoding"), None, "{refused}");
            assert_eq!(answer.json(), expected);
        }
        assert_eq!(by_zstd(&app, &uri).await, expected);
    }
}

#[tokio::test]
async fn an_answer_that_has_no_body_tells_no_length() {
    let app = TestApp::start().await;
    let uri = large_table(&app).await;
    let there = app.call(Method::HEAD, &uri).await;
    assert_eq!(
        (there.status.as_u16(), there.header("content-length")),
        (204, None)
    );
    let tag = app.get(&uri).await.header("etag").unwrap().to_owned();
    let known = app.get(&uri).header("if-none-match", &tag).await;
    assert_eq!(
        (known.status.as_u16(), known.header("content-length")),
        (304, None)
    );
}

#[tokio::test]
async fn commits_and_creates_are_answered_compressed_too() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let create = app.post(app.at("namespaces/ns/tables"), &testkit::table("t"));
    let created = decoded(&create.header("accept-encoding", "gzip").await);
    let uri = app.at("namespaces/ns/tables/t");
    let body = set_property(&created["metadata"]["table-uuid"], "a", "1");
    let commit = app
        .post(&uri, &body)
        .header("accept-encoding", "gzip")
        .await;
    let committed = decoded(&commit);
    assert_eq!(committed["metadata"], app.load("ns", "t").await["metadata"]);
}

#[tokio::test]
async fn requests_may_be_compressed() {
    let app = TestApp::start().await;
    let members = [gzip(r#"{"namespace": "#), gzip(r#"["parts"]}"#)].concat();
    let frames = [
        zstd(r#"{"namespace": "#).await,
        zstd(r#"["frames"]}"#).await,
    ]
    .concat();
    let create = |name: &str| gzip(&format!(r#"{{"namespace": ["{name}"]}}"#));
    for (name, coding, body) in [
        ("zipped", "gzip", create("zipped")),
        ("shouted", "GZIP", create("shouted")),
        ("aliased", "x-gzip", create("aliased")),
        ("parts", "gzip", members),
        ("frames", "zstd", frames),
        ("plain", "identity", br#"{"namespace": ["plain"]}"#.to_vec()),
    ] {
        let call = app.call(Method::POST, app.at("namespaces")).body(body);
        let call = call.header("content-encoding", coding);
        call.header("content-type", "application/json")
            .await
            .expect(200);
        let uri = app.at(&format!("namespaces/{name}"));
        app.get(uri).await.expect(200);
    }
}

/// A client that gets 406 takes the change for refused, and deletes the files that it has written for it.
#[tokio::test]
async fn no_answer_is_refused_for_its_coding() {
    let app = TestApp::start().await;
    let uri = large_table(&app).await;
    let uuid = &app.load("ns", "t").await["metadata"]["table-uuid"];
    for (at, accepted) in ["*;q=0", "identity;q=0", "br, *;q=0", "gzip;q=0, *;q=0.0"]
        .into_iter()
        .enumerate()
    {
        let commit = app.post(&uri, &set_property(uuid, "at", &at.to_string()));
        let answer = commit.header("accept-encoding", accepted).await;
        assert_eq!(answer.header("content-encoding"), None, "{accepted}");
        let metadata = &answer.expect(200)["metadata"];
        assert_eq!(metadata["properties"]["at"], at.to_string(), "{accepted}");
    }
    let last = app.delete(&uri).header("accept-encoding", "*;q=0");
    last.await.expect(204);
}

#[tokio::test]
async fn a_request_that_is_not_what_its_encoding_says_is_refused() {
    let app = TestApp::start().await;
    let mut broken = gzip(r#"{"namespace": ["zipped"]}"#);
    broken.truncate(12);
    for (encoding, body) in [
        ("gzip", &b"{}"[..]),
        ("gzip", &broken),
        ("zstd", b"{}"),
        ("lzma", b"{}"),
    ] {
        let call = app
            .call(Method::POST, app.at("namespaces"))
            .body(body.to_vec());
        let answer = call.header("content-encoding", encoding).await;
        assert!(
            answer.status.is_client_error(),
            "{encoding}: {}",
            answer.status
        );
        answer.error();
    }
}
