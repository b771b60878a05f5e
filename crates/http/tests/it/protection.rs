//! Protection of namespaces, tables, views and generic tables.

use serde_json::{Value, json};
use store::Protection;
use testkit::TestApp;

use crate::generic_tables;

async fn set(app: &TestApp, what: &str, id: &str, protection: Protection) {
    let protected = bool::from(protection);
    let uri = format!(
        "/management/v1/warehouse/{}/{what}/{id}/protection",
        app.warehouse
    );
    let answer = app
        .post(&uri, &json!({ "protected": protected }))
        .await
        .expect(200);
    assert_eq!(answer["protected"], protected);
    assert_eq!(app.get(&uri).await.expect(200)["protected"], protected);
}

fn id<'a>(loaded: &'a Value, field: &str) -> &'a str {
    loaded["metadata"][field].as_str().unwrap()
}

#[tokio::test]
async fn what_is_protected_is_dropped_by_force_only() {
    let app = TestApp::start().await;
    let namespace = app.namespace("ns").await;
    let (table, view) = (app.table("ns", "t").await, app.view("ns", "v").await);
    set(&app, "table", id(&table, "table-uuid"), Protection::On).await;
    set(&app, "view", id(&view, "view-uuid"), Protection::On).await;
    let generic = json!({ "name": "g", "format": "lance" });
    let uri = generic_tables::at(&app, "namespaces/ns/generic-tables");
    app.post(&uri, &generic).await.expect(200);
    let listed = app.get(&uri).await.expect(200);
    let generic_id = listed["identifiers"][0]["id"].as_str().unwrap();
    set(&app, "generic-table", generic_id, Protection::On).await;
    let loaded = app.get(format!("{uri}/g")).await.expect(200);
    assert_eq!(loaded["table"]["protected"], true);
    for uri in [
        app.at("namespaces/ns/tables/t"),
        app.at("namespaces/ns/views/v"),
        format!("{uri}/g"),
    ] {
        let (status, kind, _) = app.delete(&uri).await.error();
        assert_eq!(
            (status, kind.as_str()),
            (409, "ProtectedTabularDeletionWithoutForce")
        );
        app.delete(format!("{uri}?force=true")).await.expect(204);
    }
    set(&app, "namespace", &namespace, Protection::On).await;
    let uri = app.at("namespaces/ns");
    for query in ["", "?recursive=true"] {
        let (status, kind, _) = app.delete(format!("{uri}{query}")).await.error();
        assert_eq!((status, kind.as_str()), (409, "NamespaceProtected"));
    }
    app.delete(format!("{uri}?force=true")).await.expect(204);
}

#[tokio::test]
async fn a_recursive_drop_respects_what_is_protected_inside() {
    let app = TestApp::start().await;
    app.namespace("a").await;
    app.namespace("a.b").await;
    let table = app.table("a%1Fb", "t").await;
    set(&app, "table", id(&table, "table-uuid"), Protection::On).await;
    let uri = app.at("namespaces/a?recursive=true");
    assert_eq!(app.delete(&uri).await.error().0, 409);
    app.load("a%1Fb", "t").await;
    app.delete(format!("{uri}&force=true")).await.expect(204);
}

#[tokio::test]
async fn protection_that_is_taken_back_is_gone_and_a_rename_keeps_it() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let table_id = id(&table, "table-uuid");
    set(&app, "table", table_id, Protection::On).await;
    let rename = json!({
        "source": { "namespace": ["ns"], "name": "t" },
        "destination": { "namespace": ["ns"], "name": "u" },
    });
    app.post(app.at("tables/rename"), &rename).await.expect(204);
    assert_eq!(
        app.delete(app.at("namespaces/ns/tables/u")).await.error().0,
        409
    );
    set(&app, "table", table_id, Protection::Off).await;
    app.delete(app.at("namespaces/ns/tables/u"))
        .await
        .expect(204);
}

#[tokio::test]
async fn what_is_not_there_has_no_protection() {
    let app = TestApp::start().await;
    let base = format!("/management/v1/warehouse/{}", app.warehouse);
    let unknown = uuid::Uuid::now_v7();
    for what in ["namespace", "table", "view", "generic-table"] {
        let uri = format!("{base}/{what}/{unknown}/protection");
        assert_eq!(app.get(&uri).await.error().0, 404);
        let set = app.post(&uri, &json!({ "protected": true })).await;
        assert_eq!(set.error().0, 404);
        let no_uuid = app.get(format!("{base}/{what}/x/protection")).await;
        assert_eq!(no_uuid.error().0, 400);
    }
}
