//! Concurrent requests, and that refused ones leave no files behind.

use std::path::Path;

use futures::future::join_all;
use http::StatusCode;
use serde_json::json;
use testkit::TestApp;

use crate::set_property;

/// The number of files in a folder and its subfolders.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}

#[tokio::test]
async fn of_many_creates_of_one_name_one_succeeds() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let before = files(&app.folder().join("demo"));
    for (uri, body) in [
        ("namespaces", json!({ "namespace": ["n"] })),
        ("namespaces/ns/tables", testkit::table("t")),
        ("namespaces/ns/views", testkit::view("v", "ns")),
    ] {
        let calls = (0..12).map(|_| app.post(app.at(uri), &body).into_future());
        let answers = join_all(calls).await;
        let created = answers
            .iter()
            .filter(|answer| answer.status == StatusCode::OK);
        assert_eq!(created.count(), 1, "{uri}");
        for answer in answers
            .iter()
            .filter(|answer| answer.status != StatusCode::OK)
        {
            let (status, kind, _) = answer.error();
            assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
        }
    }
    // The refused requests have removed their metadata files.
    assert_eq!(files(&app.folder().join("demo")), before + 2);
}

#[tokio::test]
async fn of_many_commits_from_one_state_one_succeeds() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let created = app.table("ns", "t").await;
    let now = &created["metadata"]["last-updated-ms"];
    let snapshot = |id: i64| {
        json!({
            "requirements": [{ "type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": null }],
            "updates": [
                { "action": "add-snapshot", "snapshot": {
                    "snapshot-id": id, "sequence-number": 1, "timestamp-ms": now,
                    "manifest-list": "file:///nowhere/snap.avro", "summary": { "operation": "append" },
                } },
                { "action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": id },
            ],
        })
    };
    let calls = (1..=12).map(|id| {
        app.post(app.at("namespaces/ns/tables/t"), &snapshot(id))
            .into_future()
    });
    let answers = join_all(calls).await;
    let committed: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .collect();
    assert_eq!(committed.len(), 1, "{}", answers[0].text());
    for answer in answers
        .iter()
        .filter(|answer| answer.status != StatusCode::OK)
    {
        assert_eq!(answer.error().1, "CommitFailedException");
    }
    let loaded = app.load("ns", "t").await;
    assert_eq!(loaded["metadata"], committed[0].json()["metadata"]);
    // The metadata files of the creation and of the successful commit: refused commits write none.
    assert_eq!(files(&app.folder().join("demo")), 2);
}

#[tokio::test]
async fn refused_changes_leave_no_files() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let (a, _) = (app.table("ns", "a").await, app.table("ns", "b").await);
    let before = files(&app.folder().join("demo"));
    let uuid = &a["metadata"]["table-uuid"];
    let mut change = set_property(uuid, "a", "1");
    change["identifier"] = json!({ "namespace": ["ns"], "name": "a" });
    let mut doomed = change.clone();
    doomed["identifier"]["name"] = json!("b");
    let body = json!({ "table-changes": [change, doomed] });
    assert_eq!(
        app.post(app.at("transactions/commit"), &body)
            .await
            .error()
            .0,
        409
    );
    let taken = app
        .post(app.at("namespaces/ns/tables"), &testkit::table("a"))
        .await;
    assert_eq!(taken.error().0, 409);
    let mut staged = testkit::table("c");
    staged["stage-create"] = json!(true);
    app.post(app.at("namespaces/ns/tables"), &staged)
        .await
        .expect(200);
    assert_eq!(files(&app.folder().join("demo")), before);
}

#[tokio::test]
async fn a_drop_and_commits_at_the_same_time_end_without_a_table() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let uuid = &table["metadata"]["table-uuid"];
    let uri = app.at("namespaces/ns/tables/t");
    let commits = (0..8).map(|n| {
        let body = set_property(uuid, &format!("key-{n}"), "1");
        app.post(&uri, &body).into_future()
    });
    let drop = app.delete(&uri).into_future();
    let (answers, dropped) = futures::future::join(join_all(commits), drop).await;
    dropped.expect(204);
    for answer in answers {
        assert!(
            [200, 404, 409].contains(&answer.status.as_u16()),
            "{}",
            answer.text()
        );
    }
    assert_eq!(app.get(&uri).await.error().1, "NoSuchTableException");
}
