//! Commits to one table.

use serde_json::json;
use testkit::TestApp;

use crate::operations::wider_schema;
use crate::set_property;

#[tokio::test]
async fn a_commit_whose_requirement_fails_is_409_and_changes_nothing() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let before = app.table("ns", "t").await;
    let uri = app.at("namespaces/ns/tables/t");
    let update = json!([{ "action": "set-properties", "updates": { "a": "1" } }]);
    for requirement in [
        json!({ "type": "assert-create" }),
        json!({ "type": "assert-table-uuid", "uuid": uuid::Uuid::new_v4() }),
        json!({ "type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 1 }),
        json!({ "type": "assert-last-assigned-field-id", "last-assigned-field-id": 7 }),
        json!({ "type": "assert-current-schema-id", "current-schema-id": 7 }),
        json!({ "type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 7 }),
        json!({ "type": "assert-default-spec-id", "default-spec-id": 7 }),
        json!({ "type": "assert-default-sort-order-id", "default-sort-order-id": 7 }),
    ] {
        let body = json!({ "requirements": [requirement], "updates": update });
        let (status, kind, message) = app.post(&uri, &body).await.error();
        assert_eq!(
            (status, kind.as_str()),
            (409, "CommitFailedException"),
            "{requirement}"
        );
        assert!(message.starts_with("Requirement failed: "), "{message}");
    }
    assert_eq!(app.load("ns", "t").await, before);
}

#[tokio::test]
async fn an_unknown_update_or_requirement_is_400() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let before = app.table("ns", "t").await;
    let uri = app.at("namespaces/ns/tables/t");
    for body in [
        json!({ "requirements": [], "updates": [{ "action": "make-coffee" }] }),
        json!({ "requirements": [], "updates": [{}] }),
        json!({ "requirements": [{ "type": "assert-coffee" }], "updates": [] }),
        json!({ "requirements": [], "updates": [{ "action": "set-properties" }] }),
        json!({ "requirements": [], "updates": {} }),
        json!({ "updates": "x" }),
        json!([]),
        json!(null),
    ] {
        let (status, _, message) = app.post(&uri, &body).await.error();
        assert_eq!(status, 400, "{body}: {message}");
    }
    assert_eq!(app.load("ns", "t").await, before);
}

#[tokio::test]
async fn a_schema_evolves() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    let body = json!({
        "identifier": { "namespace": ["NS"], "name": "T" },
        "requirements": [{ "type": "assert-current-schema-id", "current-schema-id": 0 }],
        "updates": [
            { "action": "add-schema", "schema": wider_schema() },
            { "action": "set-current-schema", "schema-id": -1 },
        ],
    });
    let uri = app.at("namespaces/ns/tables/t");
    let committed = app.post(&uri, &body).await.expect(200);
    assert_eq!(committed["metadata"]["current-schema-id"], 1);
    assert_eq!(committed["metadata"]["last-column-id"], 3);
    let log = committed["metadata"]["metadata-log"].as_array().unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(app.post(&uri, &body).await.error().0, 409);
}

#[tokio::test]
async fn a_body_about_another_table_is_refused() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    let body = json!({
        "identifier": { "namespace": ["ns"], "name": "u" }, "requirements": [], "updates": [],
    });
    let (status, kind, _) = app
        .post(app.at("namespaces/ns/tables/t"), &body)
        .await
        .error();
    assert_eq!((status, kind.as_str()), (400, "TableIdentifierMismatch"));
}

#[tokio::test]
async fn commits_of_many_to_one_table_all_hold() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let uuid = &table["metadata"]["table-uuid"];
    let commits = (0..24).map(|n| {
        let body = set_property(uuid, &format!("key-{n}"), "1");
        app.post(app.at("namespaces/ns/tables/t"), &body)
            .into_future()
    });
    for answer in futures::future::join_all(commits).await {
        answer.expect(200);
    }
    let properties = &app.load("ns", "t").await["metadata"]["properties"];
    for n in 0..24 {
        assert_eq!(properties[format!("key-{n}")], "1", "{n}");
    }
}

#[tokio::test]
async fn metrics_are_taken_for_a_table_that_is_there() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    let report = json!({ "report-type": "commit-report", "anything": {} });
    app.post(app.at("namespaces/ns/tables/t/metrics"), &report)
        .await
        .expect(204);
    let missing = app
        .post(app.at("namespaces/ns/tables/u/metrics"), &report)
        .await;
    assert_eq!(missing.error().1, "NoSuchTableException");
    let wrong = app
        .post(app.at("namespaces/ns/tables/t/metrics"), &json!({}))
        .await;
    assert_eq!(wrong.error().0, 400);
}
