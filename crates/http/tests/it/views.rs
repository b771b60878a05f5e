//! Operations on views.

use serde_json::json;
use testkit::{TestApp, view, view_version};

#[tokio::test]
async fn a_view_lives_and_dies() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let created = app.view("ns", "v").await;
    let uri = app.at("namespaces/ns/views/v");
    assert_eq!(app.get(&uri).await.expect(200), created);
    app.head(&uri).await.expect(204);
    let body = json!({
        "requirements": [{ "type": "assert-view-uuid", "uuid": created["metadata"]["view-uuid"] }],
        "updates": [
            { "action": "add-view-version", "view-version": view_version(2, "ns", "SELECT 2 AS id") },
            { "action": "set-current-view-version", "view-version-id": -1 },
        ],
    });
    let replaced = app.post(&uri, &body).await.expect(200);
    assert_eq!(replaced["metadata"]["current-version-id"], 2);
    let tag = app.get(&uri).await.header("etag").unwrap().to_owned();
    let known = app.get(&uri).header("if-none-match", &tag);
    known.await.expect(304);
    let list = app.get(app.at("namespaces/ns/views")).await.expect(200);
    assert_eq!(
        list["identifiers"],
        json!([{ "namespace": ["ns"], "name": "v" }])
    );
    app.delete(&uri).await.expect(204);
    let (status, kind, message) = app.get(&uri).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchViewException"));
    assert_eq!(message, "View does not exist: ns.v");
}

/// Multi-threaded, because large JSON is parsed and serialized with `block_in_place`.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_of_very_much_sql_is_created_replaced_and_loaded() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let version = |id: i32| {
        let sql = format!("SELECT '{}'", id.to_string().repeat(1 << 20));
        view_version(id, "ns", &sql)
    };
    let mut new = view("v", "ns");
    new["view-version"] = version(1);
    app.post(app.at("namespaces/ns/views"), &new)
        .await
        .expect(200);
    let body = json!({
        "requirements": [],
        "updates": [
            { "action": "add-view-version", "view-version": version(2) },
            { "action": "set-current-view-version", "view-version-id": -1 },
        ],
    });
    let uri = app.at("namespaces/ns/views/v");
    app.post(&uri, &body).await.expect(200);
    let loaded = app.get(&uri).await.expect(200);
    for (id, found) in [(1, 0), (2, 1)] {
        let found = &loaded["metadata"]["versions"][found];
        assert_eq!(found["representations"], version(id)["representations"]);
    }
    let unchanged = json!({ "requirements": [], "updates": [] });
    let same = app.post(&uri, &unchanged).await.expect(200);
    assert_eq!(same["metadata-location"], loaded["metadata-location"]);
}

#[tokio::test]
async fn a_view_is_not_replaced_if_it_is_another_one() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.view("ns", "v").await;
    let body = json!({
        "requirements": [{ "type": "assert-view-uuid", "uuid": uuid::Uuid::new_v4() }],
        "updates": [{ "action": "set-properties", "updates": { "a": "1" } }],
    });
    let (status, kind, _) = app
        .post(app.at("namespaces/ns/views/v"), &body)
        .await
        .error();
    assert_eq!((status, kind.as_str()), (409, "CommitFailedException"));
}

#[tokio::test]
async fn a_table_and_a_view_share_their_names() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    app.view("ns", "v").await;
    let (status, kind, message) = app
        .post(app.at("namespaces/ns/views"), &view("T", "ns"))
        .await
        .error();
    assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
    assert_eq!(message, "Table with same name already exists: ns.T");
    let (status, _, message) = app
        .post(app.at("namespaces/ns/tables"), &testkit::table("V"))
        .await
        .error();
    assert_eq!(status, 409);
    assert_eq!(message, "View with same name already exists: ns.V");
    // A view is not found as a table, nor a table as a view.
    assert_eq!(
        app.get(app.at("namespaces/ns/tables/v")).await.error().1,
        "NoSuchTableException"
    );
    assert_eq!(
        app.get(app.at("namespaces/ns/views/t")).await.error().1,
        "NoSuchViewException"
    );
    assert_eq!(
        app.delete(app.at("namespaces/ns/views/t")).await.error().0,
        404
    );
}

#[tokio::test]
async fn a_view_is_renamed() {
    let app = TestApp::start().await;
    app.namespace("a").await;
    app.namespace("b").await;
    let created = app.view("a", "v").await;
    let body = json!({
        "source": { "namespace": ["a"], "name": "v" },
        "destination": { "namespace": ["b"], "name": "w" },
    });
    app.post(app.at("views/rename"), &body).await.expect(204);
    let loaded = app.get(app.at("namespaces/b/views/w")).await.expect(200);
    assert_eq!(
        loaded["metadata"]["view-uuid"],
        created["metadata"]["view-uuid"]
    );
    let (status, kind, _) = app.post(app.at("views/rename"), &body).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchViewException"));
}

#[tokio::test]
async fn a_view_keeps_its_files_out_of_others_folders() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let elsewhere = table["metadata"]["location"].as_str().unwrap();
    let properties = json!({ "write.metadata.path": format!("{elsewhere}/metadata") });
    let mut body = view("v", "ns");
    body["properties"] = properties.clone();
    let (status, kind, _) = app.post(app.at("namespaces/ns/views"), &body).await.error();
    assert_eq!((status, kind.as_str()), (400, "InvalidLocation"));
    app.view("ns", "v").await;
    let body = json!({ "updates": [{ "action": "set-properties", "updates": properties }] });
    let uri = app.at("namespaces/ns/views/v");
    let (status, kind, _) = app.post(&uri, &body).await.error();
    assert_eq!((status, kind.as_str()), (400, "InvalidLocation"));
}
