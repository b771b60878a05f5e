//! Attempts at tasks that end without a result of the worker: by a stop, or because the process was lost.
#![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use catalog::ExpiryWorker;
use jobs::{Claim, Runner, Runners, WorkError, Worker};
use model::{Clock, EventKind, SystemClock, TaskId, Timestamp, WarehouseId};
use serde_json::json;
use store::{Effects, Lease, NewTask, SOFT_DELETION, TaskDetails, TaskRow, TaskScope, TaskStatus};
use testkit::TestApp;
use tokio::sync::Notify;

const QUEUE: &str = "queue";

fn scope(app: &TestApp) -> TaskScope {
    let warehouse: WarehouseId = app.warehouse.parse().unwrap();
    TaskScope::Warehouse(warehouse)
}

/// Queues a task of the warehouse.
async fn queued(app: &TestApp) -> TaskId {
    let now = SystemClock.now();
    let task = NewTask::new(QUEUE, scope(app), now);
    let id = task.id;
    let effects = Effects {
        tasks: vec![task],
        ..Effects::none()
    };
    let project = store::ProjectRow {
        id: model::ProjectId::generate(),
        name: "another".to_owned(),
        created_at: now,
    };
    app.store.project_create(project, effects).await.unwrap();
    id
}

fn start(app: &TestApp, worker: Arc<dyn Worker>) -> Runners {
    let runner = Runner {
        store: Arc::clone(&app.store),
        clock: Arc::new(SystemClock),
        worker,
        poll_interval: Duration::from_millis(20),
    };
    Runners::start(&[(runner, 1)])
}

async fn details(app: &TestApp, id: TaskId) -> TaskDetails {
    let found = app.store.task_details(&scope(app), id, 100).await.unwrap();
    found.unwrap()
}

/// A worker that never ends its task.
#[derive(Debug, Default)]
struct Endless(Notify);

#[async_trait]
impl Worker for Endless {
    fn queue(&self) -> &'static str {
        QUEUE
    }

    async fn work(&self, _: &TaskRow, _: &Claim) -> Result<String, WorkError> {
        self.0.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_process_that_stops_gives_its_tasks_back() {
    let app = TestApp::start().await;
    let id = queued(&app).await;
    let worker = Arc::new(Endless::default());
    let runners = start(&app, Arc::clone(&worker) as Arc<dyn Worker>);
    worker.0.notified().await;
    assert_eq!(details(&app, id).await.info.status, TaskStatus::Running);
    let (begun, now) = (Instant::now(), SystemClock.now());
    runners.stop(Instant::now().into()).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    let seen = details(&app, id).await;
    assert_eq!(seen.info.status, TaskStatus::Scheduled);
    assert_eq!(seen.info.attempt, 0, "it does not count");
    assert!(seen.attempts.is_empty());
    // Until then, a storage may still do what the worker has asked for.
    let minute = Duration::from_mins(1);
    assert!(seen.info.scheduled_for >= now.plus(minute));
    assert!(seen.info.scheduled_for <= SystemClock.now().plus(minute));
}

/// Claims the queue's task this many times, each time for a worker that is lost.
async fn lose(app: &TestApp, queue: &str, times: u32) {
    let lost = Lease {
        now: SystemClock.now().plus(Duration::from_hours(2)),
        until: Timestamp::from_ms(0),
    };
    for attempt in 1..=times {
        let claimed = app.store.task_claim(queue, "lost", lost).await;
        assert_eq!(claimed.unwrap().unwrap().attempt, attempt);
    }
}

/// Waits for the end of the task, and returns its details.
async fn ended(app: &TestApp, id: TaskId) -> TaskDetails {
    let ended = async {
        loop {
            let seen = details(app, id).await;
            if matches!(seen.info.status, TaskStatus::Success | TaskStatus::Failed) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), ended);
    in_time.await.unwrap()
}

/// A worker that counts its attempts.
#[derive(Debug, Default)]
struct Counting(AtomicU32);

#[async_trait]
impl Worker for Counting {
    fn queue(&self) -> &'static str {
        QUEUE
    }

    async fn work(&self, _: &TaskRow, _: &Claim) -> Result<String, WorkError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok("done".to_owned())
    }
}

#[tokio::test]
async fn a_task_that_ends_with_its_process_again_and_again_is_given_up() {
    let app = TestApp::start().await;
    for (lost, expected) in [(29, TaskStatus::Success), (30, TaskStatus::Failed)] {
        let id = queued(&app).await;
        lose(&app, QUEUE, lost).await;
        let worker = Arc::new(Counting::default());
        let runners = start(&app, Arc::clone(&worker) as Arc<dyn Worker>);
        let seen = ended(&app, id).await;
        runners.stop(Instant::now().into()).await;
        assert_eq!(seen.info.status, expected);
        assert_eq!(seen.attempts.len(), lost as usize);
        let is_tried = expected == TaskStatus::Success;
        assert_eq!(worker.0.load(Ordering::SeqCst), u32::from(is_tried));
        let message = seen.message.unwrap();
        assert_eq!(
            message.contains("given up after 30 attempts"),
            !is_tried,
            "{message}"
        );
        let told = app.store.outbox_read(0, 1_000).await.unwrap();
        let told = told.iter().map(|row| &row.event);
        let of_it = told.filter(|event| event.subject == id.to_string());
        let of_it: Vec<_> = of_it.map(|event| event.kind).collect();
        assert_eq!(of_it, [EventKind::EndTask]);
    }
}

#[tokio::test]
async fn what_could_not_be_removed_for_good_is_tried_again_the_next_day() {
    let app = TestApp::start().await;
    let uri = |rest: &str| format!("/management/v1/warehouse/{}/{rest}", app.warehouse);
    let soft = json!({ "delete-profile": { "type": "soft", "expiration-seconds": 3_600 } });
    app.post(uri("delete-profile"), &soft).await.expect(200);
    app.namespace("ns").await;
    app.table("ns", "t").await;
    app.delete(app.at("namespaces/ns/tables/t"))
        .await
        .expect(204);
    let tasks = async || {
        let list = app.post(uri("task/list"), &json!({})).await.expect(200);
        list["tasks"].as_array().unwrap().clone()
    };
    let first = tasks().await[0]["task-id"].clone();
    lose(&app, SOFT_DELETION, 30).await;
    let runners = start(&app, Arc::new(ExpiryWorker(Arc::clone(&app.catalog))));
    let failed = ended(&app, first.as_str().unwrap().parse().unwrap()).await;
    assert_eq!(failed.info.status, TaskStatus::Failed);

    let all = tasks().await;
    let [next, _] = all.as_slice() else {
        panic!("{all:?}");
    };
    assert_eq!(
        (&next["status"], &next["attempt"]),
        (&json!("SCHEDULED"), &json!(0))
    );
    assert_eq!(next["parent-task-id"], first);
    let day = SystemClock.now().plus(Duration::from_hours(24));
    let due: Timestamp = next["scheduled-for"].as_str().unwrap().parse().unwrap();
    assert!(
        due <= day && due >= day.minus(Duration::from_mins(1)),
        "{due}"
    );
    let deleted = async || {
        let deleted = app.get(uri("deleted-tabulars")).await.expect(200);
        deleted["tabulars"].as_array().unwrap().clone()
    };
    assert_eq!(deleted().await[0]["expiration-date"], next["scheduled-for"]);

    // An administrator who has removed the cause need not wait for the next day.
    let now = json!({ "action": { "action-type": "run-now" }, "task-ids": [next["task-id"]] });
    app.post(uri("task/control"), &now).await.expect(204);
    let done = ended(&app, next["task-id"].as_str().unwrap().parse().unwrap()).await;
    assert_eq!(done.info.status, TaskStatus::Success);
    assert!(deleted().await.is_empty());
    runners.stop(Instant::now().into()).await;
}
