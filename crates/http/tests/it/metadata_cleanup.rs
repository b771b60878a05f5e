//! `write.metadata.delete-after-commit.enabled`: metadata files that have dropped out of the metadata log are deleted soon after
//! the commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, ManualClock, SystemClock};
use serde_json::{Value, json};
use testkit::TestApp;

async fn started() -> (TestApp, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let builder = TestApp::builder().clock(Arc::<ManualClock>::clone(&clock));
    let app = builder.start().await;
    app.namespace("ns").await;
    create(&app, "t").await;
    (app, clock)
}

/// Advances the clock by a minute and does all tasks that are due then.
async fn soon(app: &TestApp, clock: &ManualClock) {
    clock.set(clock.now().plus(Duration::from_mins(1)));
    app.work_off().await;
}

async fn create(app: &TestApp, name: &str) {
    let mut body = testkit::table(name);
    body["properties"] = json!({
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "1",
    });
    let uri = app.at("namespaces/ns/tables");
    app.post(uri, &body).await.expect(200);
}

fn file(table: &Value) -> PathBuf {
    let location = table["metadata-location"].as_str().unwrap();
    Path::new(location.strip_prefix("file://").unwrap()).to_owned()
}

/// Commits so many times to `t`; returns its metadata files, the one before first.
async fn commit(app: &TestApp, times: usize) -> Vec<PathBuf> {
    let table = app.load("ns", "t").await;
    let mut files = vec![file(&table)];
    for time in 0..times {
        let body = crate::set_property(&table["metadata"]["table-uuid"], "a", &time.to_string());
        let uri = app.at("namespaces/ns/tables/t");
        files.push(file(&app.post(uri, &body).await.expect(200)));
    }
    files
}

async fn tasks(app: &TestApp) -> Vec<Value> {
    let uri = format!("/management/v1/warehouse/{}/task/list", app.warehouse);
    let answer = app.post(uri, &json!({})).await.expect(200);
    answer["tasks"].as_array().unwrap().clone()
}

async fn details(app: &TestApp, task: &Value) -> Value {
    let (warehouse, id) = (&app.warehouse, task["task-id"].as_str().unwrap());
    let uri = format!("/management/v1/warehouse/{warehouse}/task/by-id/{id}");
    app.get(uri).await.expect(200)
}

#[tokio::test]
async fn obsolete_files_go_soon_after_the_commit() {
    let (app, clock) = started().await;
    let files = commit(&app, 4).await;
    assert!(files.iter().all(|file| file.exists()));
    let waiting = tasks(&app).await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let table = app.load("ns", "t").await;
    let id = &table["metadata"]["table-uuid"];
    assert_eq!(waiting[0]["queue-name"], "metadata_cleanup");
    assert_eq!(waiting[0]["status"], "SCHEDULED");
    assert_eq!(waiting[0]["entity-name"], json!(["ns", "t"]));
    assert_eq!(
        waiting[0]["entity"],
        json!({ "type": "table", "table-id": id })
    );
    app.work_off().await;
    assert!(files[0].exists(), "it waits for more to come together");
    soon(&app, &clock).await;
    assert!(files[..3].iter().all(|file| !file.exists()));
    assert!(files[3].exists() && files[4].exists());
    assert_eq!(app.load("ns", "t").await, table);
}

#[tokio::test]
async fn the_log_keeps_the_last_success_of_a_table_and_nobody_is_told_of_it() {
    let (app, clock) = started().await;
    for files in [1, 2, 3] {
        commit(&app, files).await;
        // Tasks of other tables do not count.
        let other = format!("t{files}");
        create(&app, &other).await;
        soon(&app, &clock).await;
    }
    let ended = tasks(&app).await;
    assert_eq!(ended.len(), 1, "{ended:?}");
    let ended = details(&app, &ended[0]).await;
    assert_eq!(
        (&ended["status"], &ended["progress"]),
        (&json!("SUCCESS"), &json!(1.0))
    );
    assert_eq!(
        ended["execution-details"],
        json!({ "files-deleted": 3, "files-left": 0 })
    );
    assert_eq!(ended["message"], "3 metadata files deleted");
    let told = app.get("/management/v1/events").await.expect(200);
    let told = told["events"].as_array().unwrap();
    let ends = told.iter().filter(|event| event["type"] == "endTask");
    assert!(!told.is_empty() && ends.count() == 0);
}

#[tokio::test]
async fn a_table_that_does_not_want_it_keeps_all() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let mut body = testkit::table("t");
    body["properties"] = json!({
        "write.metadata.previous-versions-max": "1",
        "write.metadata.delete-after-commit.enabled": "false",
    });
    let uri = app.at("namespaces/ns/tables");
    app.post(uri, &body).await.expect(200);
    let files = commit(&app, 3).await;
    assert!(tasks(&app).await.is_empty());
    assert!(files.iter().all(|file| file.exists()));
}

#[tokio::test]
async fn a_dropped_table_keeps_what_was_not_deleted_yet() {
    let (app, clock) = started().await;
    let files = commit(&app, 3).await;
    let uri = app.at("namespaces/ns/tables/t");
    app.delete(uri).await.expect(204);
    assert!(tasks(&app).await.is_empty());
    soon(&app, &clock).await;
    assert!(files.iter().all(|file| file.exists()));
    // So the table can be registered with an earlier metadata file.
    let location = format!("file://{}", files[0].display());
    let body = json!({ "name": "t", "metadata-location": location });
    app.post(app.at("namespaces/ns/register"), &body)
        .await
        .expect(200);
    soon(&app, &clock).await;
    assert!(files.iter().all(|file| file.exists()));
}

/// The tables change by transactions with idempotency keys.
#[tokio::test]
async fn several_tables_at_once_have_a_task_each() {
    let (app, clock) = started().await;
    create(&app, "u").await;
    let mut first = Vec::new();
    for time in 0..2 {
        let mut changes = Vec::new();
        for name in ["t", "u"] {
            let table = app.load("ns", name).await;
            let uuid = &table["metadata"]["table-uuid"];
            let mut change = crate::set_property(uuid, "a", &time.to_string());
            change["identifier"] = json!({ "namespace": ["ns"], "name": name });
            changes.push(change);
            first.push(file(&table));
        }
        let body = json!({ "table-changes": changes });
        let key = uuid::Uuid::now_v7().to_string();
        let all = app.post(app.at("transactions/commit"), &body);
        all.header("Idempotency-Key", &key).await.expect(204);
    }
    assert_eq!(tasks(&app).await.len(), 2);
    soon(&app, &clock).await;
    assert!(first[..2].iter().all(|file| !file.exists()));
    assert!(first[2..].iter().all(|file| file.exists()));
}
