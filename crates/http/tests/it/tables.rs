//! Tables: create, load, rename, drop.

use serde_json::{Value, json};
use testkit::TestApp;

use crate::set_property;

#[tokio::test]
async fn a_table_lives_and_dies() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let created = app.table("ns", "t").await;
    let metadata = &created["metadata"];
    assert_eq!(metadata["format-version"], 2);
    assert_eq!(metadata["schemas"][0]["fields"][1]["name"], "name");
    let location = created["metadata-location"].as_str().unwrap();
    let base = metadata["location"].as_str().unwrap();
    assert!(
        location.starts_with(&format!("{base}/metadata/00000-")),
        "{location}"
    );
    let file = std::fs::read(location.strip_prefix("file://").unwrap()).unwrap();
    let written: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(&written, metadata);
    let loaded = app.load("ns", "t").await;
    assert_eq!(loaded, created);
    app.head(app.at("namespaces/ns/tables/t")).await.expect(204);
    let again = app
        .post(app.at("namespaces/ns/tables"), &testkit::table("t"))
        .await;
    let (status, kind, message) = again.error();
    assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
    assert_eq!(message, "Table already exists: ns.t");
    app.delete(app.at("namespaces/ns/tables/t"))
        .await
        .expect(204);
    let (status, kind, message) = app.get(app.at("namespaces/ns/tables/t")).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchTableException"));
    assert_eq!(message, "Table does not exist: ns.t");
    assert_eq!(
        app.delete(app.at("namespaces/ns/tables/t")).await.error().0,
        404
    );
    assert_eq!(app.head(app.at("namespaces/ns/tables/t")).await.status, 404);
    // Without purge the files stay. The name is free again.
    assert!(std::fs::exists(location.strip_prefix("file://").unwrap()).unwrap());
    app.table("ns", "t").await;
}

#[tokio::test]
async fn a_table_needs_its_namespace() {
    let app = TestApp::start().await;
    let answer = app
        .post(app.at("namespaces/ns/tables"), &testkit::table("t"))
        .await;
    let (status, kind, message) = answer.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchNamespaceException"));
    assert_eq!(message, "Namespace does not exist: ns");
    let (status, kind, _) = app.get(app.at("namespaces/ns/tables/t")).await.error();
    assert_eq!(status, 404);
    assert!(["NoSuchTableException", "NoSuchNamespaceException"].contains(&kind.as_str()));
}

#[tokio::test]
async fn an_etag_answers_304_until_something_changes() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let created = app
        .post(app.at("namespaces/ns/tables"), &testkit::table("t"))
        .await;
    let first = created.header("etag").unwrap().to_owned();
    let uri = app.at("namespaces/ns/tables/t");
    let loaded = app.get(&uri).await;
    assert_eq!(loaded.header("etag"), Some(first.as_str()));
    let same = app.get(&uri).header("if-none-match", &first).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    assert_eq!(same.header("etag"), Some(first.as_str()));
    // Another representation of the same version has another tag.
    let refs = app
        .get(format!("{uri}?snapshots=refs"))
        .header("if-none-match", &first)
        .await;
    refs.expect(200);
    // Local files are accessed without delegation, so the header makes no difference.
    let delegated = app.get(&uri).header("if-none-match", &first);
    let delegated = delegated
        .header("x-iceberg-access-delegation", "vended-credentials")
        .await;
    delegated.expect(304);
    let uuid = &loaded.json()["metadata"]["table-uuid"];
    let committed = app.post(&uri, &set_property(uuid, "a", "1")).await;
    committed.expect(200);
    let second = committed.header("etag").unwrap();
    assert_ne!(second, first);
    let changed = app.get(&uri).header("if-none-match", &first).await;
    changed.expect(200);
    assert_eq!(changed.header("etag"), Some(second));
}

#[tokio::test]
async fn an_etag_of_a_warehouse_that_has_changed_is_old() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    let uri = app.at("namespaces/ns/tables/t");
    let first = app.get(&uri).await.header("etag").unwrap().to_owned();
    let management = format!("/management/v1/warehouse/{}/protection", app.warehouse);
    app.post(management, &json!({ "protected": true }))
        .await
        .expect(200);
    app.get(&uri)
        .header("if-none-match", &first)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_table_is_renamed_across_namespaces_and_keeps_its_identity() {
    let app = TestApp::start().await;
    app.namespace("a").await;
    app.namespace("b").await;
    let created = app.table("a", "t").await;
    app.table("b", "taken").await;
    app.view("b", "view").await;
    let rename = |to: [&str; 2]| {
        json!({
            "source": { "namespace": ["a"], "name": "t" },
            "destination": { "namespace": [to[0]], "name": to[1] },
        })
    };
    for (to, status, kind) in [
        (["b", "taken"], 409, "AlreadyExistsException"),
        (["b", "TAKEN"], 409, "AlreadyExistsException"),
        (["b", "view"], 409, "AlreadyExistsException"),
        (["nope", "t"], 404, "NoSuchNamespaceException"),
    ] {
        let error = app.post(app.at("tables/rename"), &rename(to)).await.error();
        assert_eq!((error.0, error.1.as_str()), (status, kind), "{to:?}");
    }
    app.post(app.at("tables/rename"), &rename(["b", "u"]))
        .await
        .expect(204);
    assert_eq!(app.load("b", "u").await["metadata"], created["metadata"]);
    let gone = app
        .post(app.at("tables/rename"), &rename(["b", "w"]))
        .await
        .error();
    assert_eq!((gone.0, gone.1.as_str()), (404, "NoSuchTableException"));
}

#[tokio::test]
async fn a_rename_may_change_the_case_alone() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "orders").await;
    let body = json!({
        "source": { "namespace": ["ns"], "name": "orders" },
        "destination": { "namespace": ["ns"], "name": "Orders" },
    });
    app.post(app.at("tables/rename"), &body).await.expect(204);
    let listed = app.get(app.at("namespaces/ns/tables")).await.expect(200);
    assert_eq!(listed["identifiers"][0]["name"], "Orders");
}

#[tokio::test]
async fn a_staged_table_exists_when_it_is_committed() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let mut body = testkit::table("t");
    body["stage-create"] = json!(true);
    let staged = app
        .post(app.at("namespaces/ns/tables"), &body)
        .await
        .expect(200);
    assert_eq!(
        staged.get("metadata-location").and_then(Value::as_str),
        None
    );
    let uri = app.at("namespaces/ns/tables/t");
    assert_eq!(app.get(&uri).await.error().0, 404);
    let metadata = &staged["metadata"];
    let commit = json!({
        "requirements": [{ "type": "assert-create" }],
        "updates": [
            { "action": "assign-uuid", "uuid": metadata["table-uuid"] },
            { "action": "upgrade-format-version", "format-version": 2 },
            { "action": "add-schema", "schema": metadata["schemas"][0], "last-column-id": 2 },
            { "action": "set-current-schema", "schema-id": -1 },
            { "action": "add-spec", "spec": metadata["partition-specs"][0] },
            { "action": "set-default-spec", "spec-id": -1 },
            { "action": "add-sort-order", "sort-order": metadata["sort-orders"][0] },
            { "action": "set-default-sort-order", "sort-order-id": -1 },
            { "action": "set-location", "location": metadata["location"] },
            { "action": "set-properties", "updates": { "a": "1" } },
        ],
    });
    let created = app.post(&uri, &commit).await.expect(200);
    assert_eq!(created["metadata"]["table-uuid"], metadata["table-uuid"]);
    assert_eq!(created["metadata"]["location"], metadata["location"]);
    let again = app.post(&uri, &commit).await.error();
    assert_eq!((again.0, again.1.as_str()), (409, "CommitFailedException"));
}

#[tokio::test]
async fn a_location_outside_of_the_warehouse_or_in_use_is_refused() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let root = app.folder().canonicalize().unwrap();
    let base = format!("file://{}/demo", root.display());
    let at = async |name: &str, location: String| {
        let mut body = testkit::table(name);
        body["location"] = json!(location);
        app.post(app.at("namespaces/ns/tables"), &body).await
    };
    at("t", format!("{base}/x/orders")).await.expect(200);
    // A sibling whose name begins with that of the other folder is allowed.
    at("sibling", format!("{base}/x/orders2/"))
        .await
        .expect(200);
    for taken in ["x/orders", "x/orders/inner", "x", "x/orders/"] {
        let (status, kind, _) = at("u", format!("{base}/{taken}")).await.error();
        assert_eq!(
            (status, kind.as_str()),
            (409, "LocationAlreadyTaken"),
            "{taken}"
        );
    }
    for outside in [
        base.clone(),
        format!("{base}/"),
        format!("{base}2/x"),
        format!("{base}/../other/x"),
        format!("{base}/a/./b"),
        format!("{base}/a/%2e%2e/b"),
        "file:///etc/passwd".to_owned(),
        "s3://bucket/x".to_owned(),
        "x/y".to_owned(),
        String::new(),
        "http://[".to_owned(),
    ] {
        let answer = at("u", outside.clone()).await;
        assert_eq!(answer.status, 400, "{outside}: {}", answer.text());
        answer.error();
    }
}
