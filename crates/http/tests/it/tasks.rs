//! Listing, loading and controlling tasks.

use std::sync::Arc;
use std::time::Duration;

use model::{Clock, SystemClock};
use serde_json::{Value, json};
use testkit::{Action, Answer, RecordingAuthorizer, TableAction, TestApp, WarehouseAction};

fn uri(app: &TestApp, rest: &str) -> String {
    format!("/management/v1/warehouse/{}/{rest}", app.warehouse)
}

async fn list(app: &TestApp, body: Value) -> Vec<Value> {
    let answer = app.post(uri(app, "task/list"), &body).await.expect(200);
    answer["tasks"].as_array().unwrap().clone()
}

async fn details(app: &TestApp, task: &Value) -> Value {
    let id = task["task-id"].as_str().unwrap();
    let uri = uri(app, &format!("task/by-id/{id}"));
    app.get(uri).await.expect(200)
}

async fn control(app: &TestApp, action: Value, tasks: &[&Value]) -> Answer {
    let ids: Vec<_> = tasks.iter().map(|task| &task["task-id"]).collect();
    let body = json!({ "action": action, "task-ids": ids });
    app.post(uri(app, "task/control"), &body).await
}

fn act(action: &str) -> Value {
    json!({ "action-type": action })
}

async fn make_soft(app: &TestApp) {
    let soft = json!({ "delete-profile": { "type": "soft", "expiration-seconds": 3_600 } });
    app.post(uri(app, "delete-profile"), &soft)
        .await
        .expect(200);
}

/// Creates and soft-deletes a table; returns its id and its task.
async fn soft_deleted(app: &TestApp, name: &str) -> (Value, Value) {
    let table = app.table("ns", name).await;
    let path = format!("namespaces/ns/tables/{name}?purgeRequested=true");
    app.delete(app.at(&path)).await.expect(204);
    let id = table["metadata"]["table-uuid"].clone();
    let entities = json!([{ "type": "table", "table-id": id }]);
    let queue = json!(["soft_deletion"]);
    let tasks = list(app, json!({ "entities": entities, "queue-name": queue })).await;
    assert_eq!(tasks.len(), 1);
    (id, tasks[0].clone())
}

async fn soft() -> TestApp {
    let app = TestApp::start().await;
    make_soft(&app).await;
    app.namespace("ns").await;
    app
}

#[tokio::test]
async fn a_task_tells_of_its_table_and_of_what_was_done() {
    let app = soft().await;
    let (id, task) = soft_deleted(&app, "t").await;
    assert_eq!(task["queue-name"], "soft_deletion");
    assert_eq!(task["status"], "SCHEDULED");
    assert_eq!(task["warehouse-id"], json!(app.warehouse));
    assert_eq!(task["project-id"], json!(model::ProjectId::nil().as_str()));
    assert_eq!(task["entity"], json!({ "type": "table", "table-id": id }));
    assert_eq!(task["entity-name"], json!(["ns", "t"]));
    assert_eq!(
        (&task["attempt"], &task["progress"]),
        (&json!(0), &json!(0.0))
    );
    let deleted = app.get(uri(&app, "deleted-tabulars")).await.expect(200);
    assert_eq!(
        task["scheduled-for"],
        deleted["tabulars"][0]["expiration-date"]
    );

    control(&app, act("run-now"), &[&task]).await.expect(204);
    app.work_off().await;
    let ended = list(&app, json!({ "status": ["SUCCESS"] })).await;
    assert_eq!(ended.len(), 2, "{ended:?}");
    let purge = details(&app, &ended[0]).await;
    assert_eq!(purge["queue-name"], "tabular_purge");
    assert_eq!(purge["parent-task-id"], task["task-id"]);
    assert_eq!(task["parent-task-id"], Value::Null);
    assert_eq!(purge["entity"], json!({ "type": "table", "table-id": id }));
    assert_eq!(
        (&purge["progress"], &purge["attempt"]),
        (&json!(1.0), &json!(1))
    );
    let done = &purge["execution-details"];
    assert_eq!(done["files-deleted"], 1);
    assert!(done["bytes-deleted"].as_u64().unwrap() > 100, "{done}");
    assert!(purge["message"].as_str().unwrap().contains("1 files"));
    let location = purge["task-data"]["location"].as_str().unwrap();
    assert!(location.starts_with("file://"), "{location}");
    assert!(purge["picked-up-at"].is_string() && purge["last-heartbeat-at"].is_string());
    assert_eq!(purge["attempts"], json!([]));
    let expiry = details(&app, &task).await;
    assert_eq!(expiry["status"], "SUCCESS");
}

#[tokio::test]
async fn lists_are_filtered_and_in_pages() {
    let app = soft().await;
    let mut all = Vec::new();
    for name in ["a", "b", "c"] {
        all.push(soft_deleted(&app, name).await.1);
    }
    all.reverse();
    let ids = |tasks: &[Value]| -> Vec<Value> {
        tasks.iter().map(|task| task["task-id"].clone()).collect()
    };
    assert_eq!(ids(&list(&app, json!({})).await), ids(&all));
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let body = json!({ "page-size": 2, "page-token": token });
        let page = app.post(uri(&app, "task/list"), &body).await.expect(200);
        seen.extend(ids(page["tasks"].as_array().unwrap()));
        token = page["next-page-token"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, ids(&all));
    let now = SystemClock.now();
    let later = now.plus(Duration::from_hours(1)).to_string();
    for (filter, count) in [
        (json!({ "status": ["RUNNING", "SCHEDULED"] }), 3),
        (
            json!({ "status": ["STOPPING", "CANCELLED", "SUCCESS", "FAILED"] }),
            0,
        ),
        (json!({ "status": [] }), 0),
        (json!({ "queue-name": ["tabular_purge"] }), 0),
        (
            json!({ "queue-name": ["tabular_purge", "soft_deletion"] }),
            3,
        ),
        (json!({ "entities": [{ "type": "warehouse" }] }), 0),
        (json!({ "entities": [] }), 0),
        (
            json!({ "entities": [{ "type": "view", "view-id": uuid::Uuid::new_v4() }] }),
            0,
        ),
        (json!({ "created-after": later }), 0),
        (json!({ "created-before": later }), 3),
        (json!({ "created-before": "2020-01-01T00:00:00+01:00" }), 0),
    ] {
        assert_eq!(list(&app, filter.clone()).await.len(), count, "{filter}");
    }
    let many: Vec<_> = (0..101).map(|number| number.to_string()).collect();
    for wrong in [
        json!({ "status": ["PAUSED"] }),
        json!({ "created-after": "yesterday" }),
        json!({ "queue-name": many }),
        json!({ "page-token": "?" }),
        json!({ "page-size": -1 }),
        json!({ "entities": [{ "type": "table" }] }),
    ] {
        let refused = app.post(uri(&app, "task/list"), &wrong).await;
        assert_eq!(refused.error().0, 400, "{wrong}");
    }
    let other = app.create_warehouse("other").await;
    let other = format!("/management/v1/warehouse/{other}/task");
    let none = app.post(format!("{other}/list"), &json!({})).await;
    assert_eq!(none.expect(200)["tasks"], json!([]));
    let id = all[0]["task-id"].as_str().unwrap();
    let (status, kind, _) = app.get(format!("{other}/by-id/{id}")).await.error();
    assert_eq!((status, kind.as_str()), (404, "TaskNotFound"));
}

#[tokio::test]
async fn who_cancels_an_expiry_undrops() {
    let app = soft().await;
    let (_, task) = soft_deleted(&app, "t").await;
    app.table("ns", "t").await;
    let (status, _, message) = control(&app, act("cancel"), &[&task]).await.error();
    assert_eq!(status, 409);
    assert!(message.contains("`ns.t`"), "{message}");
    assert_eq!(details(&app, &task).await["status"], "SCHEDULED");
    let uri = app.at("namespaces/ns/tables/t?force=true");
    app.delete(uri).await.expect(204);
    control(&app, act("cancel"), &[&task]).await.expect(204);
    assert_eq!(details(&app, &task).await["status"], "CANCELLED");
    app.load("ns", "t").await;
    // The task has ended: cancelling it again has no effect.
    control(&app, act("cancel"), &[&task]).await.expect(204);
    app.load("ns", "t").await;
}

#[tokio::test]
async fn a_cancelled_purge_leaves_the_files_and_frees_the_place() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let uri = app.at("namespaces/ns/tables/t?purgeRequested=true");
    app.delete(uri).await.expect(204);
    let register = json!({ "name": "t", "metadata-location": table["metadata-location"] });
    let register_uri = app.at("namespaces/ns/register");
    let taken = app.post(&register_uri, &register).await;
    assert_eq!(taken.error().1, "LocationAlreadyTaken");
    let tasks = list(&app, json!({})).await;
    control(&app, act("cancel"), &[&tasks[0]]).await.expect(204);
    app.work_off().await;
    app.post(&register_uri, &register).await.expect(200);
}

#[tokio::test]
async fn a_task_is_started_when_it_is_wanted() {
    let app = soft().await;
    let (_, task) = soft_deleted(&app, "t").await;
    let at = SystemClock.now().plus(Duration::from_hours(5)).to_string();
    let run_at = json!({ "action-type": "run-at", "scheduled-for": at });
    control(&app, run_at, &[&task]).await.expect(204);
    assert_eq!(details(&app, &task).await["scheduled-for"], json!(at));
    let deleted = app.get(uri(&app, "deleted-tabulars")).await.expect(200);
    assert_eq!(deleted["tabulars"][0]["expiration-date"], json!(at));
    // Stopping a waiting task has no effect.
    control(&app, act("stop"), &[&task]).await.expect(204);
    assert_eq!(details(&app, &task).await["status"], "SCHEDULED");
    let nobody = json!({ "task-id": uuid::Uuid::new_v4() });
    let (status, kind, _) = control(&app, act("stop"), &[&task, &nobody]).await.error();
    assert_eq!((status, kind.as_str()), (404, "TaskNotFound"));
    let many: Vec<_> = (0..101)
        .map(|_| json!({ "task-id": uuid::Uuid::new_v4() }))
        .collect();
    let many: Vec<_> = many.iter().collect();
    for (action, tasks) in [
        (act("pause"), vec![&task]),
        (act("run-at"), vec![&task]),
        (
            json!({ "action-type": "run-at", "scheduled-for": "soon" }),
            vec![&task],
        ),
        (act("stop"), vec![&task, &task]),
        (act("stop"), many),
    ] {
        let refused = control(&app, action.clone(), &tasks).await;
        assert_eq!(refused.error().0, 400, "{action}");
    }
    control(&app, act("stop"), &[]).await.expect(204);
}

#[tokio::test]
async fn who_may_see_a_table_may_see_its_tasks_and_no_others() {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let builder = TestApp::builder().authorizer(Arc::<RecordingAuthorizer>::clone(&authorizer));
    let app = builder.start().await;
    make_soft(&app).await;
    app.namespace("ns").await;
    let (id, task) = soft_deleted(&app, "t").await;
    let of_warehouse = [
        WarehouseAction::GetAllTasks,
        WarehouseAction::ControlAllTasks,
    ];
    let of_warehouse = of_warehouse.map(Action::Warehouse);
    authorizer.forbid(of_warehouse);
    for broad in [json!({}), json!({ "entities": [{ "type": "warehouse" }] })] {
        let refused = app.post(uri(&app, "task/list"), &broad).await;
        assert_eq!(refused.error().0, 403, "{broad}");
    }
    let about = json!({ "entities": [{ "type": "table", "table-id": id }] });
    assert_eq!(list(&app, about.clone()).await.len(), 1);
    details(&app, &task).await;
    control(&app, act("run-now"), &[&task]).await.expect(204);
    let of_table = [TableAction::GetTasks, TableAction::ControlTasks];
    let of_table = of_table.map(Action::Table);
    authorizer.forbid(of_warehouse.into_iter().chain(of_table));
    let refused = app.post(uri(&app, "task/list"), &about).await;
    assert_eq!(refused.error().0, 403);
    let refused = control(&app, act("run-now"), &[&task]).await;
    assert_eq!(refused.error().0, 403);
    // Cancelling the task would undrop the table, so it needs the permission to undrop it, too.
    authorizer.forbid([Action::Table(TableAction::Undrop)]);
    assert_eq!(control(&app, act("cancel"), &[&task]).await.error().0, 403);
}

#[tokio::test]
async fn queues_are_configured_for_each_warehouse_and_project() {
    let app = TestApp::start().await;
    let queues = [
        uri(&app, "task-queue/soft_deletion/config"),
        uri(&app, "task-queue/tabular_purge/config"),
        uri(&app, "task-queue/metadata_cleanup/config"),
        "/management/v1/project/task-queue/task_log_cleanup/config".to_owned(),
    ];
    for queue in &queues {
        let none = json!({ "queue-config": {}, "max-seconds-since-last-heartbeat": null });
        assert_eq!(app.get(queue).await.expect(200), none);
        let set = json!({ "queue-config": {}, "max-seconds-since-last-heartbeat": 300 });
        app.post(queue, &set).await.expect(204);
        assert_eq!(app.get(queue).await.expect(200), set);
        for wrong in [
            json!({ "queue-config": {}, "max-seconds-since-last-heartbeat": 29 }),
            json!({ "queue-config": {}, "max-seconds-since-last-heartbeat": 86_401 }),
            json!({ "queue-config": { "workers": 5 } }),
            json!({ "queue-config": [] }),
            json!({}),
        ] {
            assert_eq!(app.post(queue, &wrong).await.error().0, 400, "{wrong}");
        }
        assert_eq!(app.get(queue).await.expect(200), set);
    }
    let periods = json!({ "cleanup-period": "PT1H", "retention-period": "P30D" });
    let periods = json!({ "queue-config": periods });
    app.post(&queues[3], &periods).await.expect(204);
    let kept = app.get(&queues[3]).await.expect(200);
    let expected = json!({ "cleanup-period": "P1D", "retention-period": "P30D" });
    assert_eq!(kept["queue-config"], expected, "not more than once a day");
}

#[tokio::test]
async fn a_project_cleans_its_log_up() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    let uri = app.at("namespaces/ns/tables/t?purgeRequested=true");
    app.delete(uri).await.expect(204);
    app.work_off().await;
    assert_eq!(list(&app, json!({})).await.len(), 1);
    let queue = "/management/v1/project/task-queue/task_log_cleanup/config";
    let config = json!({ "queue-config": { "retention-period": "PT0S" } });
    app.post(queue, &config).await.expect(204);
    app.keep_house().await;
    let all = "/management/v1/project/task/list";
    let planned = app.post(all, &json!({})).await.expect(200);
    let task = &planned["tasks"][0];
    assert_eq!(task["queue-name"], "task_log_cleanup");
    assert_eq!(task["status"], "SCHEDULED");
    assert_eq!(task.get("warehouse-id"), None);
    app.work_off().await;
    assert!(list(&app, json!({})).await.is_empty());
    let id = task["task-id"].as_str().unwrap();
    let uri = format!("/management/v1/project/task/by-id/{id}");
    let done = app.get(uri).await.expect(200);
    assert_eq!(
        (&done["status"], &done["message"]),
        (&json!("SUCCESS"), &json!("1 entries removed"))
    );
    // The next task waits until the period is over, or until it is started by `run-now`.
    app.keep_house().await;
    app.keep_house().await;
    let body = json!({ "status": ["SCHEDULED"] });
    let next = app.post(all, &body).await.expect(200);
    assert_eq!(next["tasks"].as_array().unwrap().len(), 1);
    let next = &next["tasks"][0];
    assert!(next["scheduled-for"].as_str() > Some(&SystemClock.now().to_string()));
    let control = "/management/v1/project/task/control";
    let body = json!({ "action": act("run-now"), "task-ids": [next["task-id"]] });
    app.post(control, &body).await.expect(204);
    app.work_off().await;
    let left = app.post(all, &json!({ "status": ["SCHEDULED"] })).await;
    assert_eq!(left.expect(200)["tasks"], json!([]));
}
