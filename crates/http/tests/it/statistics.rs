//! Statistics: how often operations were called, and how many tables and views warehouses had.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Clock, ManualClock, Timestamp};
use serde_json::{Value, json};
use testkit::TestApp;

const URI: &str = "/management/v1/endpoint-statistics";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn statistics(app: &TestApp, body: Value) -> Value {
    app.post(URI, &body).await.expect(200)
}

/// The route, status and count of each entry of an hour.
fn counts(of_hour: &Value) -> Vec<(String, u64, u64)> {
    let entries = of_hour.as_array().unwrap().iter();
    let told = entries.map(|one| {
        let route = one["http-route"].as_str().unwrap().to_owned();
        (
            route,
            one["status-code"].as_u64().unwrap(),
            one["count"].as_u64().unwrap(),
        )
    });
    told.collect()
}

#[tokio::test]
async fn a_forged_token_at_an_end_of_time_breaks_nothing() {
    let app = TestApp::start().await;
    for end in [i64::MIN, i64::MAX] {
        let token = URL_SAFE_NO_PAD.encode(format!("{end} 3600"));
        let range = json!({ "type": "page-token", "token": token });
        let body = json!({ "warehouse": { "type": "all" }, "range-specifier": range });
        assert_eq!(
            statistics(&app, body).await["called-endpoints"],
            json!([]),
            "{end}"
        );
    }
}

#[tokio::test]
async fn calls_are_told_by_hour_operation_and_status() {
    let clock = Arc::new(ManualClock::at(at("2024-05-01T10:58:00Z")));
    let app = TestApp::builder()
        .clock(Arc::clone(&clock) as Arc<dyn Clock>)
        .start()
        .await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    app.flush_calls().await;
    clock.set(at("2024-05-01T10:59:00Z"));
    let table = app.at("namespaces/ns/tables/t");
    app.get(&table).await.expect(200);
    app.get(app.at("namespaces/ns/tables/nothing"))
        .await
        .error();
    clock.set(at("2024-05-01T11:00:00Z"));
    // Calls count for the warehouse, whether its id in the path is percent-encoded or not.
    let (first, rest) = app.warehouse.split_at(1);
    let encoded = format!("%{:02X}{rest}", first.as_bytes()[0]);
    let encoded = table.replace(&app.warehouse, &encoded);
    for uri in [&table, &table, &encoded] {
        app.get(uri).await.expect(200);
    }
    app.get("/management/v1/project-list").await.expect(200);
    app.get("/health").await;
    app.get("/nowhere").await;
    app.flush_calls().await;
    let load = "GET /catalog/v1/{prefix}/namespaces/{namespace}/tables/{table}".to_owned();
    let this = json!({ "type": "warehouse-id", "id": app.warehouse });
    let told = statistics(&app, json!({ "warehouse": this })).await;
    assert_eq!(
        told["timestamps"],
        json!(["2024-05-01T12:00:00.000Z", "2024-05-01T11:00:00.000Z"])
    );
    let hours = &told["called-endpoints"];
    assert_eq!(counts(&hours[0]), [(load.clone(), 200, 3)]);
    assert!(counts(&hours[1]).contains(&(load.clone(), 200, 1)));
    assert!(counts(&hours[1]).contains(&(load.clone(), 404, 1)));
    let entry = &hours[0][0];
    assert_eq!(entry["warehouse-name"], "demo");
    assert_eq!(entry["warehouse-id"], app.warehouse);
    assert_eq!(entry["created-at"], "2024-05-01T11:00:00.000Z");
    assert_eq!(entry["updated-at"], "2024-05-01T11:00:00.000Z");
    assert_eq!(
        hours[1][counts(&hours[1])
            .iter()
            .position(|one| one.1 == 404)
            .unwrap()]["updated-at"],
        Value::Null
    );
    // Only calls with some statuses; then only calls to no warehouse.
    let body = json!({ "warehouse": { "type": "all" }, "status-codes": [404] });
    let told = statistics(&app, body).await;
    assert_eq!(counts(&told["called-endpoints"][0]), [(load, 404, 1)]);
    let told = statistics(&app, json!({ "warehouse": { "type": "unmapped" } })).await;
    let unmapped = counts(&told["called-endpoints"][0]);
    assert_eq!(
        unmapped,
        [("GET /management/v1/project-list".to_owned(), 200, 1)]
    );
}

#[tokio::test]
async fn windows_adjoin_and_each_hour_is_in_one() {
    let clock = Arc::new(ManualClock::at(at("2024-05-01T09:30:00Z")));
    let app = TestApp::builder()
        .clock(Arc::clone(&clock) as Arc<dyn Clock>)
        .start()
        .await;
    for minutes in [0, 60, 120, 180] {
        clock.set(at("2024-05-01T09:30:00Z").plus(Duration::from_mins(minutes)));
        app.get(app.at("namespaces")).await.expect(200);
        app.flush_calls().await;
    }
    let window = json!({ "type": "window", "end": "2024-05-01T12:45:00Z", "interval": "PT2H" });
    let all = json!({ "type": "all" });
    let ask = async |range: Value| {
        statistics(&app, json!({ "warehouse": all, "range-specifier": range })).await
    };
    let turn = |token: &Value| json!({ "type": "page-token", "token": token });
    let late = ask(window).await;
    let early = ask(turn(&late["previous-page-token"])).await;
    let again = ask(turn(&early["next-page-token"])).await;
    assert_eq!(
        late["timestamps"],
        json!(["2024-05-01T13:00:00.000Z", "2024-05-01T12:00:00.000Z"])
    );
    assert_eq!(
        early["timestamps"],
        json!(["2024-05-01T11:00:00.000Z", "2024-05-01T10:00:00.000Z"])
    );
    assert_eq!(again, late);
    for wrong in [
        json!({ "type": "window", "end": "yesterday", "interval": "P1D" }),
        json!({ "type": "window", "end": "2024-05-01T12:00:00Z", "interval": "a day" }),
        json!({ "type": "window", "end": "2024-05-01T12:00:00Z", "interval": "PT0S" }),
        json!({ "type": "window", "end": "2024-05-01T12:00:00Z", "interval": "P367D" }),
        json!({ "type": "page-token", "token": "x" }),
        json!({ "type": "page-token", "token": "\0" }),
    ] {
        let refused = app
            .post(URI, &json!({ "warehouse": all, "range-specifier": wrong }))
            .await;
        assert_eq!(refused.error().0, 400, "{wrong}");
    }
    assert_eq!(app.post(URI, &json!({})).await.error().0, 400);
}

#[tokio::test]
async fn what_a_warehouse_holds_is_told_when_it_changes() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let uri = format!("/management/v1/warehouse/{}/statistics", app.warehouse);
    let latest = async || app.get(&uri).await.expect(200)["stats"][0].clone();
    assert_eq!(latest().await["number-of-tables"], 0);
    for name in ["t", "u"] {
        app.table("ns", name).await;
    }
    app.view("ns", "v").await;
    app.delete(app.at("namespaces/ns/tables/u"))
        .await
        .expect(204);
    let counted = latest().await;
    assert_eq!(
        (&counted["number-of-tables"], &counted["number-of-views"]),
        (&json!(1), &json!(1))
    );
    let told = app.get(format!("{uri}?page_size=1")).await.expect(200);
    assert_eq!(told["warehouse-ident"], app.warehouse);
    let nobody = uri.replace(&app.warehouse, &uuid::Uuid::now_v7().to_string());
    assert_eq!(app.get(nobody).await.error().0, 404);
}
