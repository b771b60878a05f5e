//! The feed of events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use authn::stand_in::Idp;
use http::Method;
use model::{EventId, SystemClock};
use serde_json::{Value, json};
use store::{NewDeadLetter, OutboxBounds};
use testkit::{RecordingAuthorizer, TestApp, Verdict};

use crate::authentication::app;

const EVENTS: &str = "/management/v1/events";

async fn events(app: &TestApp, query: &str) -> (Vec<Value>, String) {
    let page = app.get(format!("{EVENTS}{query}")).await.expect(200);
    let next = page["next-page-token"].as_str().unwrap().to_owned();
    (page["events"].as_array().unwrap().clone(), next)
}

fn types(events: &[Value]) -> Vec<&str> {
    let types = events.iter();
    types.map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn whoever_follows_gets_each_change_once() {
    let app = TestApp::start().await;
    let (first, next) = events(&app, "").await;
    assert_eq!(types(&first), ["createWarehouse"]);
    app.namespace("ns").await;
    app.table("ns", "t").await;
    let (second, after) = events(&app, &format!("?pageToken={next}&pageSize=1")).await;
    assert_eq!(types(&second), ["createNamespace"]);
    let (third, after) = events(&app, &format!("?pageToken={after}")).await;
    assert_eq!(types(&third), ["createTable"]);
    let (none, same) = events(&app, &format!("?pageToken={after}")).await;
    assert_eq!((none.len(), same), (0, after));
    let (all, _) = events(&app, "").await;
    let told = [first, second, third].concat();
    assert_eq!(all, told, "again, with the same ids");
}

#[tokio::test]
async fn roles_their_members_and_grants_are_told_of() {
    let app = TestApp::start().await;
    let (_, next) = events(&app, "").await;
    let role = json!({ "name": "analysts" });
    let role = app.post("/management/v1/role", &role).await.expect(201);
    let id = role["id"].as_str().unwrap();
    let uri = format!("/management/v1/role/{id}");
    let inner = json!({ "name": "interns" });
    let inner = app.post("/management/v1/role", &inner).await.expect(201);
    let update = json!({ "name": "readers" });
    app.post(&uri, &update).await.expect(200);
    let member = json!({ "members": [{ "type": "role", "id": inner["id"] }] });
    app.post(format!("{uri}/members"), &member)
        .await
        .expect(200);
    let grant = json!({ "writes": [{ "principal": { "role": id }, "privilege": "describe" }] });
    let granted = app.post("/management/v1/project/grants", &grant).await;
    granted.expect(204);
    app.delete(&uri).await.expect(204);
    let (told, _) = events(&app, &format!("?pageToken={next}")).await;
    let expected = [
        "createRole",
        "createRole",
        "updateRole",
        "addRoleMembers",
        "updateGrants",
        "dropRole",
    ];
    assert_eq!(types(&told), expected);
    assert_eq!(
        (&told[2]["subject"], &told[2]["data"]["name"]),
        (&json!(id), &json!("readers"))
    );
    let member = format!("role:{}", inner["id"].as_str().unwrap());
    assert_eq!(told[3]["data"]["members"], json!([member]));
    let write = json!([{ "principal": format!("role:{id}"), "privilege": "describe" }]);
    assert_eq!(told[4]["data"], json!({ "writes": write, "deletes": [] }));
}

#[tokio::test]
async fn what_becomes_of_tasks_is_told() {
    let app = TestApp::start().await;
    let warehouse = format!("/management/v1/warehouse/{}", app.warehouse);
    let soft = json!({ "delete-profile": { "type": "soft", "expiration-seconds": 3_600 } });
    let set = app.post(format!("{warehouse}/delete-profile"), &soft);
    set.await.expect(200);
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let drop = app.at("namespaces/ns/tables/t?purgeRequested=true");
    app.delete(drop).await.expect(204);
    let (_, next) = events(&app, "").await;
    let config = json!({ "queue-config": {}, "max-seconds-since-last-heartbeat": 60 });
    let uri = format!("{warehouse}/task-queue/tabular_purge/config");
    app.post(uri, &config).await.expect(204);
    let listed = app.post(format!("{warehouse}/task/list"), &json!({}));
    let expiry = listed.await.expect(200)["tasks"][0]["task-id"].clone();
    let run = json!({ "action": { "action-type": "run-now" }, "task-ids": [expiry] });
    let run = app.post(format!("{warehouse}/task/control"), &run);
    run.await.expect(204);
    app.work_off().await;

    let (told, _) = events(&app, &format!("?pageToken={next}")).await;
    let expected = ["configureTaskQueue", "controlTasks", "endTask", "endTask"];
    assert_eq!(types(&told), expected);
    assert_eq!(told[0]["data"]["queue-name"], "tabular_purge");
    assert_eq!(told[0]["data"]["max-seconds-since-last-heartbeat"], 60);
    assert_eq!(told[1]["data"]["task-ids"], json!([expiry]));
    assert_eq!(told[1]["data"]["action"]["action-type"], "run-at");
    assert_eq!(told[1]["subject"], json!(app.warehouse));
    assert_eq!(told[2]["subject"], expiry);
    for (event, queue) in told[2..].iter().zip(["soft_deletion", "tabular_purge"]) {
        let data = &event["data"];
        assert_eq!(
            (&data["queue-name"], &data["status"]),
            (&json!(queue), &json!("SUCCESS"))
        );
        assert_eq!(data["tabular-id"], table["metadata"]["table-uuid"]);
        assert_eq!(
            (&event["namespace"], &event["name"]),
            (&json!("ns"), &json!("t"))
        );
        assert_eq!(event["warehouse-id"], json!(app.warehouse));
        assert_eq!(event["actor"], "{\"type\":\"system\"}");
    }
}

#[tokio::test]
async fn managed_access_is_told_of() {
    let app = TestApp::start().await;
    let (_, next) = events(&app, "").await;
    let uri = format!(
        "/management/v1/permissions/warehouse/{}/managed-access",
        app.warehouse
    );
    let on = json!({ "managed-access": true });
    app.post(uri, &on).await.expect(200);
    let (told, _) = events(&app, &format!("?pageToken={next}")).await;
    assert_eq!(types(&told), ["updateManagedAccess"]);
    assert_eq!(told[0]["subject"], format!("warehouse/{}", app.warehouse));
    assert_eq!(told[0]["data"], on);
}

#[tokio::test]
async fn an_event_tells_what_has_changed_and_by_which_request() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let update = json!({ "action": "set-properties", "updates": { "a": "1" } });
    let commit = json!({ "requirements": [], "updates": [update] });
    let uri = app.at("namespaces/ns/tables/t");
    let committed = app.post(uri, &commit).header("x-request-id", "trace-7");
    let committed = committed.await.expect(200);
    let (all, _) = events(&app, "").await;
    let event = all.last().unwrap();
    let info = app.get("/management/v1/info").await.expect(200);
    let server = info["server-id"].as_str().unwrap();
    let expected = json!({
        "specversion": "1.0", "id": event["id"], "source": format!("uri:iceberg-catalog-service:{server}"),
        "type": "updateTable", "subject": table["metadata"]["table-uuid"], "time": event["time"],
        "datacontenttype": "application/json", "sequence": event["sequence"],
        "tabular-type": "Table", "tabular-id": table["metadata"]["table-uuid"],
        "warehouse-id": app.warehouse, "prefix": app.warehouse, "name": "t", "namespace": "ns",
        "num-events": 1, "sequence-number": 0, "trace-id": "trace-7",
        "actor": r#"{"type":"anonymous"}"#,
        "data": {
            "namespace": ["ns"], "name": "t", "location": table["metadata"]["location"],
            "metadata-location": committed["metadata-location"], "updates": [update],
        },
    });
    let mut sorted = event.clone();
    // `actor` is JSON in a string: normalise the order of its members, which is not defined.
    sorted["actor"] = serde_json::from_str::<Value>(event["actor"].as_str().unwrap())
        .unwrap()
        .to_string()
        .into();
    assert_eq!(sorted, expected);
}

/// The numbers and the depth of this JSON do not survive parsing into a `serde_json::Value`.
#[tokio::test]
async fn a_commit_is_told_of_as_it_was_sent() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    app.view("ns", "v").await;
    let deep = format!("{}1.10{}", "[".repeat(120), "]".repeat(120));
    let field = r#"{"id":1,"name":"id","required":false,"type":"long","x":1e400}"#;
    let schema = format!(
        r#"{{"type":"struct","schema-id":1,"fields":[{field}],"y":12345678901234567890123,"z":{deep}}}"#
    );
    let update = format!(r#"{{"action":"add-schema","schema":{schema}}}"#);
    for at in ["tables/t", "views/v"] {
        let commit = format!(r#"{{"requirements":[],"updates":[{update}]}}"#);
        let uri = app.at(&format!("namespaces/ns/{at}"));
        let committed = app.call(Method::POST, uri).body(commit).await;
        assert_eq!(committed.status, 200, "{at}: {}", committed.text());
        let told = app.get(format!("{EVENTS}?pageSize=100")).await.text();
        let told = told.matches(&update).count();
        assert_eq!(told, if at == "views/v" { 2 } else { 1 }, "{at}");
    }
}

#[tokio::test]
async fn an_event_names_the_user() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    let body = json!({ "namespace": ["mine"] });
    let token = idp.token("alice");
    let created = app.post(app.at("namespaces"), &body).token(&token).await;
    created.expect(200);
    let page = app.get(EVENTS).token(&token).await.expect(200);
    let event = page["events"].as_array().unwrap().last().unwrap().clone();
    let actor: Value = serde_json::from_str(event["actor"].as_str().unwrap()).unwrap();
    assert_eq!(
        actor,
        json!({ "type": "principal", "principal": "oidc~alice" })
    );
}

#[tokio::test]
async fn what_is_changed_at_once_is_numbered() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    for table in ["a", "b"] {
        app.table("ns", table).await;
    }
    let (_, next) = events(&app, "").await;
    let change = |name: &str| {
        json!({
            "identifier": { "namespace": ["ns"], "name": name }, "requirements": [],
            "updates": [{ "action": "set-properties", "updates": { "x": name } }],
        })
    };
    let both = json!({ "table-changes": [change("a"), change("b")] });
    app.post(app.at("transactions/commit"), &both)
        .await
        .expect(204);
    let (two, next) = events(&app, &format!("?pageToken={next}")).await;
    let numbers = |events: &[Value]| -> Vec<_> {
        let pair = |event: &Value| {
            (
                event["sequence-number"].clone(),
                event["num-events"].clone(),
            )
        };
        events.iter().map(pair).collect()
    };
    assert_eq!(numbers(&two), [(json!(0), json!(2)), (json!(1), json!(2))]);
    assert_eq!(two[0]["trace-id"], two[1]["trace-id"]);
    assert_ne!(two[0]["id"], two[1]["id"]);
    app.delete(app.at("namespaces/ns?recursive=true"))
        .await
        .expect(204);
    let (gone, _) = events(&app, &format!("?pageToken={next}")).await;
    assert_eq!(types(&gone), ["dropTable", "dropTable", "dropNamespace"]);
    assert_eq!(gone[0]["namespace"], "ns");
    let last = numbers(&gone).pop();
    assert_eq!(last, Some((json!(2), json!(3))));
}

#[tokio::test]
async fn whoever_waits_is_told_when_something_happens() {
    let app = Arc::new(TestApp::start().await);
    let (_, next) = events(&app, "").await;
    let waiting = tokio::spawn({
        let (app, query) = (
            Arc::clone(&app),
            format!("?pageToken={next}&waitSeconds=20"),
        );
        async move { events(&app, &query).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    app.namespace("ns").await;
    let (told, _) = waiting.await.unwrap();
    assert_eq!(types(&told), ["createNamespace"]);
}

#[tokio::test]
async fn a_wait_ends() {
    let app = TestApp::start().await;
    let (_, next) = events(&app, "").await;
    let start = Instant::now();
    let (none, same) = events(&app, &format!("?pageToken={next}&waitSeconds=1")).await;
    assert_eq!((none.len(), same), (0, next));
    assert!(start.elapsed() < Duration::from_secs(10));
    let too_long = app.get(format!("{EVENTS}?waitSeconds=21")).await.error();
    assert_eq!(
        (too_long.0, too_long.1.as_str()),
        (400, "BadRequestException")
    );
}

#[tokio::test]
async fn what_has_been_removed_is_not_passed_over_in_silence() {
    let app = TestApp::start().await;
    let (_, next) = events(&app, "").await;
    for name in ["a", "b", "c"] {
        app.namespace(name).await;
    }
    app.store
        .outbox_cut(OutboxBounds::of_events(1), 100)
        .await
        .unwrap();
    let (status, kind, message) = app.get(format!("{EVENTS}?pageToken={next}")).await.error();
    assert_eq!((status, kind.as_str()), (410, "EventsRemoved"), "{message}");
    let (left, _) = events(&app, "").await;
    assert_eq!(types(&left), ["createNamespace"]);
    assert_eq!(left[0]["namespace"], "c");
}

#[tokio::test]
async fn tokens_that_were_not_given_out_are_refused() {
    let app = TestApp::start().await;
    // `x`, `-1` and a number that is too large, encoded as tokens, and a text that is no token.
    for token in ["eA", "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk", "%20"] {
        for path in [EVENTS, "/management/v1/events/dead-letters"] {
            let (status, kind, _) = app.get(format!("{path}?pageToken={token}")).await.error();
            assert_eq!(
                (status, kind.as_str()),
                (400, "InvalidPaginationToken"),
                "{token}"
            );
        }
    }
}

#[tokio::test]
async fn dead_letters_name_the_event_and_the_reason() {
    let app = TestApp::start().await;
    let (all, _) = events(&app, "").await;
    let now = model::Clock::now(&SystemClock);
    let claim = app
        .store
        .event_sink_claim("webhook", "me", now, now.plus(Duration::from_mins(1)));
    claim.await.unwrap();
    let letter = NewDeadLetter {
        sequence: all[0]["sequence"].as_str().unwrap().parse().unwrap(),
        event: all[0]["id"].as_str().unwrap().parse::<EventId>().unwrap(),
        reason: "the receiver has answered 422".to_owned(),
        attempts: 10,
        at: now,
    };
    let place = letter.sequence;
    app.store
        .event_sink_advance("webhook", "me", place, vec![letter])
        .await
        .unwrap();
    let uri = "/management/v1/events/dead-letters";
    let page = app.get(uri).await.expect(200);
    let dead = &page["dead-letters"][0];
    assert_eq!(
        (&dead["sink"], &dead["attempts"]),
        (&json!("webhook"), &json!(10))
    );
    assert_eq!(dead["reason"], "the receiver has answered 422");
    assert_eq!(dead["event-id"], all[0]["id"]);
    let token = dead["event-page-token"].as_str().unwrap();
    let (one, _) = events(&app, &format!("?pageToken={token}&pageSize=1")).await;
    assert_eq!(one[0]["id"], dead["event-id"]);
    let next = page["next-page-token"].as_str().unwrap();
    let rest = app.get(format!("{uri}?pageToken={next}")).await.expect(200);
    assert_eq!(rest["dead-letters"], json!([]));
}

#[tokio::test]
async fn only_who_may_read_them_gets_them() {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let builder = TestApp::builder().authorizer(Arc::<RecordingAuthorizer>::clone(&authorizer));
    let app = builder.start().await;
    authorizer.set(Verdict::Deny);
    for path in [EVENTS, "/management/v1/events/dead-letters"] {
        assert_eq!(app.get(path).await.error().0, 403);
    }
}

#[tokio::test]
async fn the_drop_of_a_generic_table_names_no_metadata_file() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let uri = format!(
        "/lakekeeper/v1/{}/namespaces/ns/generic-tables",
        app.warehouse
    );
    let body = json!({ "name": "g", "format": "lance" });
    app.post(&uri, &body).await.expect(200);
    app.delete(format!("{uri}/g")).await.expect(204);
    let (all, _) = events(&app, "").await;
    let dropped = all.last().unwrap();
    assert_eq!(dropped["type"], "dropGenericTable");
    assert_eq!(dropped["data"]["name"], "g");
    assert_eq!(dropped["data"].get("metadata-location"), None);
}
