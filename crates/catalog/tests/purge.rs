//! Purges, and the claims that their workers hold.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

use std::path::PathBuf;
use std::sync::Arc;

use catalog::PurgeWorker;
use jobs::{Claim, ClaimEnd, WorkError, Worker};
use model::{Clock, SystemClock, Timestamp};
use store::{Effects, Lease, TaskClaim, TaskEnd, TaskRow};
use testkit::TestApp;

const QUEUE: &str = "tabular_purge";
/// The end of a lease that has run out long ago.
const LONG_AGO: Timestamp = Timestamp::from_ms(0);
const FAR: Timestamp = Timestamp::from_ms(i64::MAX);

async fn claim(app: &TestApp, worker: &str) -> (TaskRow, Claim) {
    let task = app
        .store
        .task_claim(
            QUEUE,
            worker,
            Lease {
                now: FAR,
                until: LONG_AGO,
            },
        )
        .await;
    let task = task.unwrap().unwrap();
    let claim = Claim::new(
        Arc::clone(&app.store),
        Arc::new(SystemClock),
        task.id,
        worker,
    );
    (task, claim)
}

/// Creates a table with a data file, always at the same location.
async fn table(app: &TestApp, name: &str) -> PathBuf {
    let folder = app.folder().canonicalize().unwrap().join("demo/place");
    let mut body = testkit::table(name);
    body["location"] = format!("file://{}", folder.display()).into();
    let uri = app.at("namespaces/ns/tables");
    app.post(uri, &body).await.expect(200);
    let file = folder.join(format!("{name}.parquet"));
    std::fs::write(&file, "data").unwrap();
    file
}

async fn purged(app: &TestApp) {
    let old = table(app, "old").await;
    let uri = app.at("namespaces/ns/tables/old?purgeRequested=true");
    app.delete(uri).await.expect(204);
    assert!(old.exists());
}

#[tokio::test]
async fn a_worker_that_was_overtaken_in_its_sleep_deletes_nothing_of_a_new_table() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    purged(&app).await;
    let worker = PurgeWorker(Arc::clone(&app.catalog));
    // The worker is suspended right after its claim; another worker does and ends the task, and a new table gets the
    // location.
    let (task, sleeper) = claim(&app, "sleeper").await;
    let (_, other) = claim(&app, "other").await;
    worker.work(&task, &other).await.unwrap();
    let end = TaskEnd::Done {
        message: "emptied".to_owned(),
    };
    app.store
        .task_end(
            TaskClaim::of(task.id, "other"),
            end,
            LONG_AGO,
            Effects::none(),
        )
        .await
        .unwrap();
    let new = table(&app, "new").await;
    let late = worker.work(&task, &sleeper).await;
    assert!(
        matches!(late, Err(WorkError::Claim(ClaimEnd::Lost(_)))),
        "{late:?}"
    );
    assert!(new.exists());
    app.load("ns", "new").await;
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_unnoticed_goes_on() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    purged(&app).await;
    let (task, sleeper) = claim(&app, "sleeper").await;
    let worker = PurgeWorker(Arc::clone(&app.catalog));
    let done = worker.work(&task, &sleeper).await;
    assert!(done.unwrap().starts_with("2 files with "));
    // The worker has prolonged its lease.
    let now = SystemClock.now();
    let lease = Lease { now, until: FAR };
    let again = app.store.task_claim(QUEUE, "other", lease);
    assert!(again.await.unwrap().is_none());
}

#[tokio::test]
async fn what_no_location_can_hold_is_left_and_told_of_at_once() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let file = table(&app, "old").await;
    let odd = file.with_file_name("a\nb");
    std::fs::write(&odd, "data").unwrap();
    let uri = app.at("namespaces/ns/tables/old?purgeRequested=true");
    app.delete(uri).await.expect(204);
    let worker = PurgeWorker(Arc::clone(&app.catalog));
    let (task, claim) = claim(&app, "worker").await;
    let Err(WorkError::Hopeless(why)) = worker.work(&task, &claim).await else {
        panic!("it does not say so");
    };
    assert!(
        why.contains("such as `a\\nb`: delete what is left"),
        "{why}"
    );
    assert!(odd.exists() && !file.exists());
}
