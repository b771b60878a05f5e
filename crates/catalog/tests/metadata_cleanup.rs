//! Which obsolete metadata files are deleted, and by which worker.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::MetadataCleanupWorker;
use jobs::{Claim, ClaimEnd, WorkError, Worker};
use model::{SystemClock, TabularId, TabularKind, Timestamp};
use serde_json::{Value, json};
use store::{
    Commit, Effects, Lease, METADATA_CLEANUP, NewTask, Obsolete, Swap, TaskRow, TaskScope,
    TaskTabular,
};
use testkit::TestApp;

/// The end of a lease that has run out long ago.
const LONG_AGO: Timestamp = Timestamp::from_ms(0);
const FAR: Timestamp = Timestamp::from_ms(i64::MAX);

async fn started() -> TestApp {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let mut body = testkit::table("t");
    body["properties"] = json!({
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "1",
    });
    let uri = app.at("namespaces/ns/tables");
    app.post(uri, &body).await.expect(200);
    app
}

async fn commit(app: &TestApp, updates: &Value) -> Value {
    let body = json!({ "requirements": [], "updates": [updates] });
    let uri = app.at("namespaces/ns/tables/t");
    app.post(uri, &body).await.expect(200)
}

/// Commits this many times; each commit but the first makes a file obsolete. Returns all metadata files in order,
/// that of the new table first.
async fn committed(app: &TestApp, times: usize) -> Vec<PathBuf> {
    let mut files = vec![file(&app.load("ns", "t").await)];
    for time in 0..times {
        let set = json!({ "action": "set-properties", "updates": { "a": time.to_string() } });
        files.push(file(&commit(app, &set).await));
    }
    files
}

fn file(table: &Value) -> PathBuf {
    let location = table["metadata-location"].as_str().unwrap();
    Path::new(location.strip_prefix("file://").unwrap()).to_owned()
}

async fn claim(app: &TestApp, worker: &str) -> (TaskRow, Claim) {
    let lease = Lease {
        now: FAR,
        until: LONG_AGO,
    };
    let task = app.store.task_claim(METADATA_CLEANUP, worker, lease);
    let task = task.await.unwrap().unwrap();
    let clock = Arc::new(SystemClock);
    let claim = Claim::new(Arc::clone(&app.store), clock, task.id, worker);
    (task, claim)
}

/// Executes the queued task.
async fn clean(app: &TestApp) -> Result<String, WorkError> {
    let (task, claim) = claim(app, "w").await;
    let worker = MetadataCleanupWorker(Arc::clone(&app.catalog));
    worker.work(&task, &claim).await
}

async fn id(app: &TestApp) -> TabularId {
    let uuid = app.load("ns", "t").await["metadata"]["table-uuid"].take();
    let uuid: uuid::Uuid = serde_json::from_value(uuid).unwrap();
    uuid.into()
}

async fn noted(app: &TestApp) -> usize {
    let noted = app.store.obsolete_file_list(id(app).await, 10_000).await;
    noted.unwrap().unwrap().files.len()
}

/// Notes these files as obsolete, whatever they are.
async fn note(app: &TestApp, files: Vec<String>) {
    let (id, warehouse) = (id(app).await, app.warehouse.parse().unwrap());
    let row = app.store.tabular_load(warehouse, id).await.unwrap();
    let task = NewTask {
        tabular: Some(TaskTabular {
            id,
            kind: TabularKind::Table,
            path: ["ns", "t"].map(str::to_owned).to_vec(),
        }),
        ..NewTask::new(METADATA_CLEANUP, TaskScope::Warehouse(warehouse), LONG_AGO)
    };
    let swap = Swap {
        id,
        expected: row.version,
        claimed_location: None,
        content: row.content,
        obsolete: Some(Obsolete { files, task }),
    };
    let commit = Commit {
        warehouse,
        creates: Vec::new(),
        swaps: vec![swap],
        at: LONG_AGO,
    };
    let committed = app.store.tabular_commit(commit, Effects::none());
    committed.await.unwrap();
}

#[tokio::test]
async fn what_has_fallen_out_of_the_log_is_deleted_and_nothing_else() {
    let app = started().await;
    let files = committed(&app, 4).await;
    assert_eq!(noted(&app).await, 3);
    assert!(files.iter().all(|file| file.exists()));
    assert_eq!(clean(&app).await.unwrap(), "3 metadata files deleted");
    let exists: Vec<_> = files.iter().map(|file| file.exists()).collect();
    assert_eq!(exists, [false, false, false, true, true]);
    assert_eq!(noted(&app).await, 0);
    app.load("ns", "t").await;
}

#[tokio::test]
async fn a_crash_between_file_and_row_is_made_good() {
    let app = started().await;
    let files = committed(&app, 3).await;
    std::fs::remove_file(&files[0]).unwrap();
    assert_eq!(clean(&app).await.unwrap(), "2 metadata files deleted");
    assert!(!files[1].exists() && files[2].exists());
    assert_eq!(noted(&app).await, 0);
}

#[tokio::test]
async fn storage_that_is_away_keeps_it_waiting() {
    let app = started().await;
    let files = committed(&app, 2).await;
    let (root, away) = (app.folder().join("demo"), app.folder().join("away"));
    std::fs::rename(&root, &away).unwrap();
    let failed = clean(&app).await;
    assert!(matches!(failed, Err(WorkError::Retry(_))), "{failed:?}");
    std::fs::rename(&away, &root).unwrap();
    assert!(files[0].exists());
    assert_eq!(noted(&app).await, 1);
    clean(&app).await.unwrap();
    assert!(!files[0].exists());
}

#[tokio::test]
async fn files_elsewhere_and_files_that_are_needed_stay() {
    let app = started().await;
    let [_, logged, current] = committed(&app, 2).await.try_into().unwrap();
    clean(&app).await.unwrap();
    let folder = app.folder().canonicalize().unwrap().join("demo");
    let table = current.parent().unwrap().parent().unwrap();
    let sibling = PathBuf::from(format!("{}2", table.display()));
    std::fs::create_dir_all(&sibling).unwrap();
    let outside = [folder.join("x.json"), sibling.join("y.json")];
    let own = table.join("metadata/old.json");
    for file in outside.iter().chain([&own]) {
        std::fs::write(file, "{}").unwrap();
    }
    let all = outside.iter().chain([&own, &logged, &current]);
    let all = all.map(|file| format!("file://{}", file.display()));
    note(&app, all.collect()).await;
    let done = clean(&app).await.unwrap();
    assert_eq!(
        done,
        "1 metadata files deleted, 4 left, outside of the table or still in use"
    );
    assert!(!own.exists());
    for file in outside.iter().chain([&logged, &current]) {
        assert!(file.exists(), "{}", file.display());
    }
    assert_eq!(noted(&app).await, 0);
}

#[tokio::test]
async fn what_is_at_a_former_place_of_the_table_is_its_own() {
    let app = started().await;
    let before = file(&app.load("ns", "t").await);
    let place = app.folder().canonicalize().unwrap().join("demo/moved");
    let location = format!("file://{}", place.display());
    let moved = json!({ "action": "set-location", "location": location });
    commit(&app, &moved).await;
    committed(&app, 2).await;
    assert!(before.exists());
    assert_eq!(clean(&app).await.unwrap(), "2 metadata files deleted");
    assert!(!before.exists());
    app.load("ns", "t").await;
}

#[tokio::test]
async fn more_than_a_page_is_deleted_by_one_task() {
    let app = started().await;
    let table = file(&app.load("ns", "t").await);
    let folder = table.parent().unwrap();
    let files: Vec<_> = (0..1_100)
        .map(|number| folder.join(format!("{number}.json")))
        .collect();
    for file in &files {
        std::fs::write(file, "{}").unwrap();
    }
    let names = files
        .iter()
        .map(|file| format!("file://{}", file.display()));
    note(&app, names.collect()).await;
    assert_eq!(clean(&app).await.unwrap(), "1100 metadata files deleted");
    assert!(files.iter().all(|file| !file.exists()));
    assert!(table.exists());
}

#[tokio::test]
async fn who_has_lost_the_claim_deletes_nothing() {
    let app = started().await;
    let files = committed(&app, 2).await;
    let (task, sleeper) = claim(&app, "sleeper").await;
    claim(&app, "other").await;
    let worker = MetadataCleanupWorker(Arc::clone(&app.catalog));
    let late = worker.work(&task, &sleeper).await;
    assert!(
        matches!(late, Err(WorkError::Claim(ClaimEnd::Lost(_)))),
        "{late:?}"
    );
    assert!(files[0].exists());
    assert_eq!(noted(&app).await, 1);
}

#[tokio::test]
async fn of_a_table_that_was_dropped_the_files_stay() {
    let app = started().await;
    let files = committed(&app, 2).await;
    let (task, claim) = claim(&app, "w").await;
    app.delete(app.at("namespaces/ns/tables/t"))
        .await
        .expect(204);
    let worker = MetadataCleanupWorker(Arc::clone(&app.catalog));
    let done = worker.work(&task, &claim).await.unwrap();
    assert_eq!(done, "the table is gone; its files stay");
    assert!(files.iter().all(|file| file.exists()));
    assert_eq!(app.store.task_count(METADATA_CLEANUP).await.unwrap(), 0);
}
