//! Searches for tables and views by names that are not quite right.

use std::sync::Arc;

use serde_json::{Value, json};
use testkit::{Action, RecordingAuthorizer, TableAction, TestApp};

async fn search(app: &TestApp, text: &str) -> Value {
    let uri = format!("/management/v1/warehouse/{}/search-tabular", app.warehouse);
    let found = app.post(uri, &json!({ "search": text })).await.expect(200);
    found["tabulars"].clone()
}

async fn names(app: &TestApp, text: &str) -> Vec<String> {
    let found = search(app, text).await;
    let name = |one: &Value| {
        let namespace = one["namespace-name"].as_array().unwrap();
        let levels = namespace.iter().map(|level| level.as_str().unwrap());
        let name = one["tabular-name"].as_str().unwrap();
        levels.chain([name]).collect::<Vec<_>>().join(".")
    };
    found.as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn a_name_with_a_mistake_is_found_in_any_namespace() {
    let app = TestApp::start().await;
    for namespace in ["sales", "lake"] {
        app.namespace(namespace).await;
        app.table(namespace, "Customer_Orders").await;
    }
    let invoices = app.table("sales", "invoices").await;
    app.view("sales", "orders_by_customer").await;
    let found = search(&app, "INVOICES").await;
    let expected = json!([{
        "namespace-name": ["sales"], "tabular-name": "invoices", "distance": 0.0,
        "tabular-id": { "type": "table", "id": invoices["metadata"]["table-uuid"] },
    }]);
    assert_eq!(found, expected);
    assert_eq!(names(&app, "invocies").await, ["sales.invoices"]);
    let orders = names(&app, "custmer orders").await;
    assert_eq!(orders.len(), 3, "{orders:?}");
    assert_eq!(
        names(&app, "lake.customer_orders").await[0],
        "lake.Customer_Orders"
    );
    assert_eq!(
        names(&app, "sale.customer_order").await[0],
        "sales.Customer_Orders"
    );
    for nothing in ["zzz", "", " ", "%", "a.", ".a"] {
        assert!(names(&app, nothing).await.is_empty(), "{nothing}");
    }
    let kinds = search(&app, "orders_by_customer").await;
    assert_eq!(kinds[0]["tabular-id"]["type"], "view");
}

#[tokio::test]
async fn an_id_finds_its_table_or_what_is_in_its_namespace() {
    let app = TestApp::start().await;
    let namespace = app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    app.view("ns", "v").await;
    let id = table["metadata"]["table-uuid"].as_str().unwrap();
    assert_eq!(names(&app, id).await, ["ns.t"]);
    assert_eq!(names(&app, &namespace).await.len(), 2);
    assert!(names(&app, &uuid::Uuid::nil().to_string()).await.is_empty());
}

#[tokio::test]
async fn what_is_renamed_or_dropped_is_found_as_it_is_now() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "before").await;
    let rename = json!({
        "source": { "namespace": ["ns"], "name": "before" },
        "destination": { "namespace": ["ns"], "name": "afterwards" },
    });
    app.post(app.at("tables/rename"), &rename).await.expect(204);
    assert!(names(&app, "before").await.is_empty());
    assert_eq!(names(&app, "afterwards").await, ["ns.afterwards"]);
    app.delete(app.at("namespaces/ns/tables/afterwards"))
        .await
        .expect(204);
    assert!(names(&app, "afterwards").await.is_empty());
}

#[tokio::test]
async fn ten_are_answered_and_64_characters_looked_at() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    for number in 0..12 {
        app.table("ns", &format!("many_{number}")).await;
    }
    assert_eq!(names(&app, "many").await.len(), 10);
    let long = format!("{:<64}{}", "many_7", "x".repeat(100_000));
    assert_eq!(names(&app, &long).await[0], "ns.many_7");
}

#[tokio::test]
async fn only_what_one_may_see_is_found() {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let builder = TestApp::builder().authorizer(Arc::<RecordingAuthorizer>::clone(&authorizer));
    let app = builder.start().await;
    app.namespace("ns").await;
    app.table("ns", "orders").await;
    app.view("ns", "orders_view").await;
    authorizer.forbid([Action::Table(TableAction::GetMetadata)]);
    let found = names(&app, "orders").await;
    assert_eq!(found, ["ns.orders_view"]);
}

#[tokio::test]
async fn another_warehouse_is_not_looked_into() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "orders").await;
    let other = app.create_warehouse("other").await;
    let uri = format!("/management/v1/warehouse/{other}/search-tabular");
    let found = app
        .post(&uri, &json!({ "search": "orders" }))
        .await
        .expect(200);
    assert_eq!(found, json!({ "tabulars": [] }));
    let uri = format!(
        "/management/v1/warehouse/{}/search-tabular",
        uuid::Uuid::nil()
    );
    let missing = app.post(&uri, &json!({ "search": "orders" })).await;
    assert_eq!(missing.error().1, "NoSuchWarehouseException");
}
