//! `Idempotency-Key`: a repeated request takes effect only once.

use std::sync::Arc;

use serde_json::{Value, json};
use testkit::{Answer, RecordingAuthorizer, TestApp, Verdict};
use uuid::Uuid;

use crate::set_property;

async fn post(app: &TestApp, uri: &str, body: &Value, key: Uuid) -> Answer {
    let call = app.post(app.at(uri), body);
    call.header("idempotency-key", key.to_string()).await
}

#[tokio::test]
async fn a_create_that_comes_again_is_answered_as_before() {
    let app = TestApp::start().await;
    let namespace = json!({ "namespace": ["ns"], "properties": { "a": "1" } });
    let key = Uuid::now_v7();
    let first = post(&app, "namespaces", &namespace, key).await.expect(200);
    assert_eq!(
        post(&app, "namespaces", &namespace, key).await.expect(200),
        first
    );
    let other_key = post(&app, "namespaces", &namespace, Uuid::now_v7()).await;
    assert_eq!(other_key.error().0, 409);
    for (uri, body) in [
        ("namespaces/ns/tables", testkit::table("t")),
        ("namespaces/ns/views", testkit::view("v", "ns")),
    ] {
        let key = Uuid::now_v7();
        let first = post(&app, uri, &body, key).await.expect(200);
        assert_eq!(post(&app, uri, &body, key).await.expect(200), first);
    }
}

#[tokio::test]
async fn a_create_of_what_has_gone_with_its_files_is_not_said_to_have_failed() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    for (uri, body, at) in [
        ("namespaces/ns/tables", testkit::table("t"), "tables/t"),
        ("namespaces/ns/views", testkit::view("v", "ns"), "views/v"),
    ] {
        let key = Uuid::now_v7();
        post(&app, uri, &body, key).await.expect(200);
        let drop = app.at(&format!("namespaces/ns/{at}?purgeRequested=true"));
        app.delete(drop).await.expect(204);
        app.work_off().await;
        let (status, kind, message) = post(&app, uri, &body, key).await.error();
        let told = (status, kind.as_str());
        assert_eq!(told, (500, "CommitStateUnknownException"), "{message}");
        assert!(message.contains("was carried out"), "{message}");
    }
}

#[tokio::test]
async fn a_commit_that_comes_again_happens_once() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let uri = "namespaces/ns/tables/t";
    let body = set_property(&table["metadata"]["table-uuid"], "a", "1");
    let key = Uuid::now_v7();
    let first = post(&app, uri, &body, key).await.expect(200);
    let second = post(&app, uri, &body, key).await.expect(200);
    assert_eq!(second["metadata-location"], first["metadata-location"]);
    let log = app.load("ns", "t").await["metadata"]["metadata-log"].clone();
    assert_eq!(log.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_commit_that_comes_again_is_answered_whatever_its_caller_has_lost() {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let app = TestApp::builder().authorizer(Arc::<RecordingAuthorizer>::clone(&authorizer));
    let app = app.start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let uri = "namespaces/ns/tables/t";
    let body = set_property(&table["metadata"]["table-uuid"], "a", "1");
    let key = Uuid::now_v7();
    let first = post(&app, uri, &body, key).await.expect(200);
    authorizer.set(Verdict::Deny);
    let again = async || post(&app, uri, &body, key).await.expect(200);
    assert_eq!(again().await, first);
    authorizer.set(Verdict::Allow);
    let other = set_property(&table["metadata"]["table-uuid"], "b", "1");
    let newer = app.post(app.at(uri), &other).await.expect(200);
    assert_eq!(again().await["metadata"], newer["metadata"]);
    // A caller who may no longer load the table gets the metadata of its own commit, not that of later ones.
    for verdict in [Verdict::Deny, Verdict::Fail] {
        authorizer.set(verdict);
        assert_eq!(again().await["metadata"], first["metadata"]);
        assert_eq!(
            again().await["metadata-location"],
            first["metadata-location"]
        );
    }
    authorizer.set(Verdict::Allow);
    let deactivate = format!("/management/v1/warehouse/{}/deactivate", app.warehouse);
    app.post(deactivate, &json!({})).await;
    assert_eq!(app.post(app.at(uri), &other).await.error().0, 404);
    assert_eq!(again().await["metadata"], newer["metadata"]);
}

#[tokio::test]
async fn a_drop_and_a_rename_that_come_again_are_well() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    let rename = json!({
        "source": { "namespace": ["ns"], "name": "t" },
        "destination": { "namespace": ["ns"], "name": "u" },
    });
    let key = Uuid::now_v7();
    for _ in 0..2 {
        post(&app, "tables/rename", &rename, key).await.expect(204);
    }
    let drop = async |key: Uuid| {
        let call = app.delete(app.at("namespaces/ns/tables/u"));
        call.header("idempotency-key", key.to_string()).await
    };
    let key = Uuid::now_v7();
    for _ in 0..2 {
        drop(key).await.expect(204);
    }
    assert_eq!(drop(Uuid::now_v7()).await.error().0, 404);
    // The repeated request does not drop a table that was created with this name later.
    app.table("ns", "u").await;
    drop(key).await.expect(204);
    app.load("ns", "u").await;
}

#[tokio::test]
async fn a_refusal_is_final_even_if_the_reason_is_gone() {
    let app = TestApp::start().await;
    let key = Uuid::now_v7();
    let body = testkit::table("t");
    let first = post(&app, "namespaces/ns/tables", &body, key).await.error();
    assert_eq!(first.0, 404);
    app.namespace("ns").await;
    assert_eq!(
        post(&app, "namespaces/ns/tables", &body, key).await.error(),
        first
    );
    post(&app, "namespaces/ns/tables", &body, Uuid::now_v7())
        .await
        .expect(200);
}

#[tokio::test]
async fn a_key_of_another_request_is_refused() {
    let app = TestApp::start().await;
    let key = Uuid::now_v7();
    post(&app, "namespaces", &json!({ "namespace": ["a"] }), key)
        .await
        .expect(200);
    let other_body = post(&app, "namespaces", &json!({ "namespace": ["b"] }), key).await;
    let other_path = post(&app, "namespaces/a/tables", &testkit::table("t"), key).await;
    let other_query = post(&app, "namespaces?x=1", &json!({ "namespace": ["a"] }), key).await;
    let delete = app.delete(app.at("namespaces/a"));
    let other_method = delete.header("idempotency-key", key.to_string()).await;
    for answer in [other_body, other_path, other_query, other_method] {
        let (status, kind, _) = answer.error();
        assert_eq!((status, kind.as_str()), (400, "IdempotencyKeyReused"));
    }
    app.get(app.at("namespaces/a")).await.expect(200);
    assert_eq!(app.get(app.at("namespaces/b")).await.error().0, 404);
}

#[tokio::test]
async fn a_key_that_is_no_uuid_or_comes_twice_is_refused() {
    let app = TestApp::start().await;
    let body = json!({ "namespace": ["a"] });
    for key in [&b"abc"[..], b"", b"\xff"] {
        let answer = app
            .post(app.at("namespaces"), &body)
            .header("idempotency-key", key)
            .await;
        assert_eq!(answer.error().1, "InvalidIdempotencyKey");
    }
    let key = Uuid::now_v7().to_string();
    let call = app.post(app.at("namespaces"), &body);
    let twice = call
        .header("idempotency-key", &key)
        .header("idempotency-key", &key)
        .await;
    assert_eq!(twice.error().1, "DuplicateIdempotencyKey");
}

#[tokio::test]
async fn twins_at_the_same_time_have_one_effect() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let body = set_property(&table["metadata"]["table-uuid"], "a", "1");
    let key = Uuid::now_v7();
    let twins = (0..8).map(|_| post(&app, "namespaces/ns/tables/t", &body, key));
    let answers = futures::future::join_all(twins).await;
    let first = answers[0].expect(200);
    for answer in &answers {
        assert_eq!(
            answer.expect(200)["metadata-location"],
            first["metadata-location"]
        );
    }
    let loaded = app.load("ns", "t").await;
    assert_eq!(
        loaded["metadata"]["metadata-log"].as_array().unwrap().len(),
        1
    );
}
