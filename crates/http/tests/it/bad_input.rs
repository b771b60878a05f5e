//! Wrong, hostile or too large input: the answer is always a 4xx with a message.

use http::Method;
use serde_json::json;
use testkit::{Answer, TestApp};

async fn raw(app: &TestApp, uri: &str, body: impl Into<bytes::Bytes>) -> Answer {
    let call = app.call(Method::POST, app.at(uri)).body(body);
    call.header("content-type", "application/json").await
}

#[track_caller]
fn refused(answer: &Answer) -> String {
    assert!(
        answer.status.is_client_error(),
        "{}: {}",
        answer.asked,
        answer.status
    );
    answer.error().2
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413_also_if_it_is_so_only_unpacked() {
    let app = TestApp::builder()
        .http(|http| http.max_body_bytes = 10_000)
        .start()
        .await;
    let long = json!({ "namespace": ["a"], "properties": { "a": "x".repeat(20_000) } });
    let answer = app.post(app.at("namespaces"), &long).await;
    let (status, _, message) = answer.error();
    assert_eq!(status, 413);
    assert!(message.contains("10000"), "{message}");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, long.to_string().as_bytes()).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1_000);
    let call = app.call(Method::POST, app.at("namespaces")).body(bomb);
    assert_eq!(call.header("content-encoding", "gzip").await.error().0, 413);
}

#[tokio::test]
async fn a_body_that_is_not_what_is_expected_says_so() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    let deep_schema = format!(
        "{{\"name\":\"d\",\"schema\":{{\"type\":\"struct\",\"fields\":[{{\"id\":1,\"name\":\"a\",\"required\":true,\"type\":{}\"long\"{}}}]}}}}",
        "{\"type\":\"list\",\"element-id\":2,\"element-required\":true,\"element\":".repeat(5_000),
        "}".repeat(5_000)
    );
    for uri in [
        "namespaces",
        "namespaces/ns/tables",
        "namespaces/ns/tables/t",
        "namespaces/ns/tables/t/metrics",
        "namespaces/ns/views",
        "namespaces/ns/register",
        "namespaces/ns/register-view",
        "tables/rename",
        "views/rename",
        "transactions/commit",
    ] {
        for body in [
            "",
            "{",
            "null",
            "[]",
            "\"x\"",
            "1e999",
            "{\"a\":1}x",
            "\u{feff}{}",
            "{\"name\":\"\\ud800\"}",
            "{\"namespace\":1}",
            "{\"namespace\":[1]}",
            &deep,
            &deep_schema,
        ] {
            refused(&raw(&app, uri, body.to_owned()).await);
        }
        refused(&raw(&app, uri, &b"\xff\xfe"[..]).await);
    }
    // A list of its own, because all fields of this body are optional.
    let uri = "namespaces/ns/properties";
    for body in [
        "",
        "{",
        "null",
        "[]",
        "[[\"a\"]]",
        "{\"updates\":[]}",
        "{\"removals\":[1]}",
        &deep,
    ] {
        refused(&raw(&app, uri, body.to_owned()).await);
    }
    let list = app.get(app.at("namespaces/ns/tables")).await.expect(200);
    assert_eq!(list["identifiers"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_comes_twice_is_refused() {
    let app = TestApp::start().await;
    let twice = r#"{"namespace":["a"],"namespace":["b"]}"#;
    let message = refused(&raw(&app, "namespaces", twice).await);
    assert!(message.contains("duplicate field `namespace`"), "{message}");
}

#[tokio::test]
async fn numbers_that_do_not_fit_are_refused() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    for number in [
        "99999999999",
        "-99999999999999999999",
        "1.5",
        "1e400",
        "\"1\"",
        "null",
    ] {
        let commit = format!(
            "{{\"requirements\":[],\"updates\":[{{\"action\":\"set-current-schema\",\"schema-id\":{number}}}]}}"
        );
        refused(&raw(&app, "namespaces/ns/tables/t", commit).await);
        let schema = format!(
            "{{\"name\":\"n\",\"schema\":{{\"type\":\"struct\",\"fields\":[{{\"id\":{number},\"name\":\"a\",\"required\":true,\"type\":\"long\"}}]}}}}"
        );
        refused(&raw(&app, "namespaces/ns/tables", schema).await);
    }
}

#[tokio::test]
async fn names_that_cannot_be_are_refused() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let long = "x".repeat(10_000);
    for name in ["", "a\u{0}b", "a\u{1f}b", "a\nb", &long] {
        let body = json!({ "namespace": [name] });
        refused(&app.post(app.at("namespaces"), &body).await);
        refused(
            &app.post(app.at("namespaces/ns/tables"), &testkit::table(name))
                .await,
        );
        refused(
            &app.post(app.at("namespaces/ns/views"), &testkit::view(name, "ns"))
                .await,
        );
    }
    refused(
        &app.post(app.at("namespaces"), &json!({ "namespace": [] }))
            .await,
    );
    let deep: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
    refused(
        &app.post(app.at("namespaces"), &json!({ "namespace": deep }))
            .await,
    );
}

#[tokio::test]
async fn paths_that_cannot_be_are_refused() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    for path in [
        "namespaces/%FF",
        "namespaces/%00",
        "namespaces/%1F",
        "namespaces/a%1F",
        "namespaces/%1Fa",
        "namespaces/a%1F%1Fb",
        "namespaces/ns/tables/%FF",
        "namespaces/ns/tables/%00",
        "namespaces/ns/tables/..%2F..%2Fetc%2Fpasswd",
        "namespaces/..%2F..%2F",
        "namespaces/%2E%2E",
        "namespaces/%",
        "namespaces/%zz",
    ] {
        refused(&app.get(app.at(path)).await);
    }
    for prefix in [
        "x",
        "%FF",
        "..",
        "%2e%2e",
        "00000000-0000-0000-0000-00000000000g",
    ] {
        let answer = app.get(format!("/catalog/v1/{prefix}/namespaces")).await;
        refused(&answer);
    }
    let unknown = app
        .get(format!("/catalog/v1/{}/namespaces", uuid::Uuid::nil()))
        .await;
    assert_eq!(unknown.error().1, "NoSuchWarehouseException");
}

#[tokio::test]
async fn queries_that_cannot_be_are_refused() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    for uri in [
        "namespaces?returnUuids=maybe",
        "namespaces?pageToken=&pageSize=many",
        "namespaces?parent=%00",
        "namespaces/ns/tables/t?snapshots=some",
        "namespaces/ns/tables/t?snapshots=all&snapshots=refs",
    ] {
        refused(&app.get(app.at(uri)).await);
    }
    let at = app.at("namespaces/ns/tables/t?purgeRequested=1");
    refused(&app.delete(at).await);
    refused(&app.delete(app.at("namespaces/ns?recursive=x")).await);
    refused(&app.get("/management/v1/warehouse/not-a-uuid").await);
    app.load("ns", "t").await;
}

#[tokio::test]
async fn u0000_gets_nowhere_where_it_could_not_be_kept() {
    let app = TestApp::start().await;
    let named = |id: &str| format!("/management/v1/{id}");
    let nul = "a\0b";
    for (path, body) in [
        ("search/user", json!({ "search": nul })),
        (
            "user",
            json!({ "id": "oidc~1", "name": nul, "user-type": "human" }),
        ),
        (
            "user",
            json!({ "id": format!("oidc~{nul}"), "name": "a", "user-type": "human" }),
        ),
        ("project", json!({ "project-name": nul })),
        ("project", json!({ "project-name": "a", "project-id": nul })),
        ("project/rename", json!({ "new-name": nul })),
        (
            "warehouse",
            json!({ "warehouse-name": nul, "storage-profile": { "type": "file" } }),
        ),
        (
            "bootstrap",
            json!({ "accept-terms-of-use": true, "user-name": nul, "x": { nul: 1 } }),
        ),
    ] {
        let message = refused(&app.post(named(path), &body).await);
        assert!(message.contains("U+0000"), "{path}: {message}");
    }
    // The page token `AGE` is valid base64, but decodes to a text with U+0000.
    for uri in [
        "/management/v1/user?name=a%00b",
        "/management/v1/user?pageToken=AGE",
        "/management/v1/user?pageToken=a%00b",
        "/management/v1/user/oidc~a%00b",
        "/management/v1/warehouse?projectId=%00",
        "/catalog/v1/config?warehouse=%00",
        &app.at("namespaces?pageToken=AGE"),
        &app.at("namespaces?parent=a%00b"),
        &app.at("namespaces/a%00b/tables"),
    ] {
        refused(&app.get(uri).await);
    }
    let body = json!({ "namespace": ["ns"], "properties": { "a": "\0b" } });
    refused(&app.post(app.at("namespaces"), &body).await);
    app.namespace("ns").await;
    let mut table = testkit::table("t");
    table["properties"] = json!({ "field.delim": "\0" });
    app.post(app.at("namespaces/ns/tables"), &table)
        .await
        .expect(200);
    let kept = app.load("ns", "t").await;
    assert_eq!(kept["metadata"]["properties"]["field.delim"], "\0");
}

#[tokio::test]
async fn headers_that_are_not_ascii_do_no_harm() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    for name in [
        "if-none-match",
        "accept",
        "accept-encoding",
        "user-agent",
        "x-iceberg-access-delegation",
        "x-request-id",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-prefix",
        "authorization",
    ] {
        let answer = app
            .get(app.at("namespaces/ns/tables/t"))
            .header(name, b"\xff\xc3\xa4")
            .await;
        answer.expect(200);
        let config = app
            .get("/catalog/v1/config?warehouse=demo")
            .header(name, b"\xff")
            .await;
        config.expect(200);
    }
}

#[tokio::test]
async fn a_hundred_thousand_snapshots_can_be_loaded_and_committed_to() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let mut metadata = app.table("ns", "t").await["metadata"].clone();
    let location = app.folder().canonicalize().unwrap().join("demo/huge");
    let count = 100_000_i64;
    let snapshots = (1..=count).map(|n| {
        json!({
            "snapshot-id": n, "sequence-number": n, "timestamp-ms": 1_700_000_000_000_i64 + n,
            "manifest-list": format!("file://{}/metadata/snap-{n}.avro", location.display()),
            "summary": { "operation": "append" }, "schema-id": 0,
        })
    });
    metadata["snapshots"] = snapshots.collect();
    metadata["current-snapshot-id"] = json!(count);
    metadata["last-sequence-number"] = json!(count);
    metadata["last-updated-ms"] = json!(1_700_000_000_000_i64 + count);
    metadata["refs"] = json!({ "main": { "snapshot-id": count, "type": "branch" } });
    metadata["table-uuid"] = json!(uuid::Uuid::new_v4());
    metadata["location"] = json!(format!("file://{}", location.display()));
    std::fs::create_dir_all(location.join("metadata")).unwrap();
    let file = location.join("metadata/00001-x.metadata.json");
    std::fs::write(&file, metadata.to_string()).unwrap();
    let body = json!({ "name": "huge", "metadata-location": format!("file://{}", file.display()) });
    app.post(app.at("namespaces/ns/register"), &body)
        .await
        .expect(200);
    let loaded = app.load("ns", "huge").await;
    assert_eq!(
        loaded["metadata"]["snapshots"].as_array().unwrap().len(),
        100_000
    );
    let uri = app.at("namespaces/ns/tables/huge");
    let refs = app.get(format!("{uri}?snapshots=refs")).await.expect(200);
    assert_eq!(refs["metadata"]["snapshots"].as_array().unwrap().len(), 1);
    let commit = crate::set_property(&metadata["table-uuid"], "a", "1");
    app.post(&uri, &commit).await.expect(200);
}
