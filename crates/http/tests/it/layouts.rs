//! The locations of new tables and views, by the storage layout of their warehouse.

use serde_json::{Value, json};
use testkit::TestApp;

/// A catalog whose warehouse has this layout, with the namespaces `Sales` and `Sales` / `e u`.
async fn app(layout: Value) -> (TestApp, [String; 2]) {
    let app = TestApp::start().await;
    change(&app, layout).await;
    let ids = [
        app.namespace("Sales").await,
        app.namespace("Sales.e u").await,
    ];
    (app, ids)
}

async fn change(app: &TestApp, layout: Value) {
    let mut profile = app.warehouse_body("demo")["storage-profile"].clone();
    profile["storage-layout"] = layout;
    let uri = format!("/management/v1/warehouse/{}/storage", app.warehouse);
    let changed = app.post(uri, &json!({ "storage-profile": profile })).await;
    changed.expect(200);
}

/// The location of a table or view, relative to the warehouse's folder, and its UUID.
fn place(app: &TestApp, loaded: &Value) -> (String, String) {
    let metadata = &loaded["metadata"];
    let uuid = metadata
        .get("table-uuid")
        .or_else(|| metadata.get("view-uuid"));
    let location = metadata["location"].as_str().unwrap();
    (
        below(app, location),
        uuid.unwrap().as_str().unwrap().to_owned(),
    )
}

fn below(app: &TestApp, location: &str) -> String {
    let base = app.folder().join("demo").canonicalize().unwrap();
    let base = format!("file://{}/", base.display());
    location.strip_prefix(&base).unwrap().to_owned()
}

/// Fills in a pattern: `{T}` is the UUID of the table or view, `{0}` and `{1}` are those of the namespaces.
fn expected(pattern: &str, uuid: &str, namespaces: &[String; 2]) -> String {
    let [outer, inner] = namespaces;
    pattern
        .replace("{T}", uuid)
        .replace("{0}", outer)
        .replace("{1}", inner)
}

const INNER: &str = "sales%1Fe%20u";

#[tokio::test]
async fn each_layout_has_its_folders() {
    let full = |namespace: &str, tabular: &str| json!({ "type": "full-hierarchy", "namespace": namespace, "tabular": tabular });
    for (layout, pattern) in [
        (Value::Null, "{T}"),
        (json!({ "type": "default" }), "{T}"),
        (
            json!({ "type": "tabular-only", "tabular": "{name}-{uuid}" }),
            "my%20table-{T}",
        ),
        (full("{uuid}", "{uuid}"), "{0}/{1}/{T}"),
        // Folders have the case in which the namespaces were created, not that of the request's path.
        (full("{name}", "{name}"), "Sales/e%20u/my%20table"),
        (full("ns={name}", "t_{uuid}"), "ns=Sales/ns=e%20u/t_{T}"),
    ] {
        let (app, namespaces) = app(layout.clone()).await;
        let table = app.table(INNER, "my table").await;
        let (location, uuid) = place(&app, &table);
        assert_eq!(location, expected(pattern, &uuid, &namespaces), "{layout}");

        let view = app.view(INNER, "my view").await;
        let (location, uuid) = place(&app, &view);
        let pattern = pattern.replace("table", "view");
        assert_eq!(location, expected(&pattern, &uuid, &namespaces), "{layout}");

        let mut staged = testkit::table("staged");
        staged["stage-create"] = json!(true);
        let uri = app.at(&format!("namespaces/{INNER}/tables"));
        let staged = app.post(uri, &staged).await.expect(200);
        let (location, uuid) = place(&app, &staged);
        let pattern = pattern.replace("my%20view", "staged");
        assert_eq!(location, expected(&pattern, &uuid, &namespaces), "{layout}");
    }
}

#[tokio::test]
async fn namespaces_say_where_their_folders_are() {
    let layout = json!({ "type": "full-hierarchy", "namespace": "{name}", "tabular": "{uuid}" });
    let (app, _) = app(layout).await;
    let namespace = app
        .get(app.at(&format!("namespaces/{INNER}")))
        .await
        .expect(200);
    let location = namespace["properties"]["location"].as_str().unwrap();
    assert_eq!(below(&app, location), "Sales/e%20u");
    let body = json!({ "namespace": ["sales", "E U", "new"] });
    let created = app.post(app.at("namespaces"), &body).await.expect(200);
    let location = created["properties"]["location"].as_str().unwrap();
    assert_eq!(below(&app, location), "Sales/e%20u/new");
}

#[tokio::test]
async fn a_namespaces_own_location_comes_before_the_layout() {
    let layout = json!({ "type": "full-hierarchy", "namespace": "{name}", "tabular": "{name}" });
    let (app, _) = app(layout).await;
    let base = app.folder().join("demo").canonicalize().unwrap();
    let own = format!("file://{}/own", base.display());
    let body = json!({ "namespace": ["placed"], "properties": { "location": own } });
    app.post(app.at("namespaces"), &body).await.expect(200);
    let (location, _) = place(&app, &app.table("placed", "t").await);
    assert_eq!(location, "own/t");
}

#[tokio::test]
async fn a_layout_counts_for_new_tables_and_is_kept_by_updates_that_do_not_mention_it() {
    let (app, namespaces) = app(Value::Null).await;
    let first = place(&app, &app.table(INNER, "first").await);
    change(
        &app,
        json!({ "type": "full-hierarchy", "namespace": "{uuid}", "tabular": "{name}" }),
    )
    .await;
    assert_eq!(place(&app, &app.load(INNER, "first").await), first);
    change(&app, Value::Null).await;
    let (location, uuid) = place(&app, &app.table(INNER, "second").await);
    assert_eq!(location, expected("{0}/{1}/second", &uuid, &namespaces));
}

#[tokio::test]
async fn a_name_that_would_lead_elsewhere_stays_in_its_folder_or_is_refused() {
    let layout = json!({ "type": "full-hierarchy", "namespace": "{name}", "tabular": "{name}" });
    let (app, _) = app(layout).await;
    let tables = app.at("namespaces/sales/tables");
    let created = app.post(&tables, &testkit::table("größe [m]")).await;
    let (location, _) = place(&app, &created.expect(200));
    assert_eq!(location, "Sales/gr%C3%B6%C3%9Fe%20%5Bm%5D");
    for name in ["..", "a/../../b", "m/s"] {
        let (status, kind, _) = app.post(&tables, &testkit::table(name)).await.error();
        assert_eq!((status, kind.as_str()), (400, "InvalidLocation"), "{name}");
    }
    // A renamed table keeps its folder: a new table of its former name needs another name, or `{uuid}` in the template.
    app.table("sales", "t").await;
    let rename = json!({
        "source": { "namespace": ["sales"], "name": "t" },
        "destination": { "namespace": ["sales"], "name": "u" },
    });
    app.post(app.at("tables/rename"), &rename).await.expect(204);
    let (status, kind, _) = app.post(&tables, &testkit::table("t")).await.error();
    assert_eq!((status, kind.as_str()), (409, "LocationAlreadyTaken"));
}
