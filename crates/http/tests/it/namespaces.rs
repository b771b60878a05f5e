//! Operations on namespaces.

use serde_json::json;
use testkit::TestApp;

#[tokio::test]
async fn a_namespace_lives_and_dies() {
    let app = TestApp::start().await;
    let body = json!({ "namespace": ["sales"], "properties": { "owner": "ana" } });
    let created = app.post(app.at("namespaces"), &body).await.expect(200);
    assert_eq!(created["namespace"], json!(["sales"]));
    assert_eq!(created["properties"]["owner"], "ana");
    let (status, kind, message) = app.post(app.at("namespaces"), &body).await.error();
    assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
    assert_eq!(message, "Namespace already exists: sales");
    app.head(app.at("namespaces/sales")).await.expect(204);
    let change = json!({ "updates": { "owner": "bob", "team": "x" }, "removals": ["gone"] });
    let changed = app
        .post(app.at("namespaces/sales/properties"), &change)
        .await
        .expect(200);
    assert_eq!(changed["missing"], json!(["gone"]));
    assert_eq!(changed["updated"], json!(["owner", "team"]));
    let loaded = app.get(app.at("namespaces/sales")).await.expect(200);
    assert_eq!(loaded["properties"]["owner"], "bob");
    app.delete(app.at("namespaces/sales")).await.expect(204);
    let (status, kind, message) = app.get(app.at("namespaces/sales")).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchNamespaceException"));
    assert_eq!(message, "Namespace does not exist: sales");
    let head = app.head(app.at("namespaces/sales")).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (404, 0));
}

#[tokio::test]
async fn a_property_cannot_be_set_and_removed_at_once() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let change = json!({ "updates": { "a": "1" }, "removals": ["a"] });
    let answer = app.post(app.at("namespaces/ns/properties"), &change).await;
    let (status, kind, _) = answer.error();
    assert_eq!(
        (status, kind.as_str()),
        (422, "UnprocessableEntityException")
    );
}

#[tokio::test]
async fn names_match_without_regard_to_case_and_are_answered_as_asked() {
    let app = TestApp::start().await;
    app.namespace("Sales").await;
    app.table("SALES", "Orders").await;
    let loaded = app.get(app.at("namespaces/sALES")).await.expect(200);
    assert_eq!(loaded["namespace"], json!(["sALES"]));
    app.load("sales", "ORDERS").await;
    let listed = app.get(app.at("namespaces/sales/tables")).await.expect(200);
    assert_eq!(
        listed["identifiers"],
        json!([{ "namespace": ["sales"], "name": "Orders" }])
    );
    let body = json!({ "namespace": ["SALES"] });
    assert_eq!(app.post(app.at("namespaces"), &body).await.error().0, 409);
    let again = testkit::table("orders");
    let taken = app.post(app.at("namespaces/sales/tables"), &again).await;
    let (status, kind, message) = taken.error();
    assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
    assert_eq!(message, "Table already exists: sales.orders");
}

#[tokio::test]
async fn nested_namespaces_need_their_parent() {
    let app = TestApp::start().await;
    let body = json!({ "namespace": ["a", "b"] });
    let (status, kind, _) = app.post(app.at("namespaces"), &body).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchNamespaceException"));
    app.namespace("a").await;
    app.namespace("a.b").await;
    app.namespace("a.b.c").await;
    let below = app.get(app.at("namespaces?parent=a%1Fb")).await.expect(200);
    assert_eq!(below["namespaces"], json!([["a", "b", "c"]]));
    let loaded = app.get(app.at("namespaces/a%1Fb%1Fc")).await.expect(200);
    assert_eq!(loaded["namespace"], json!(["a", "b", "c"]));
    let missing = app.get(app.at("namespaces?parent=nope")).await.error();
    assert_eq!(
        (missing.0, missing.1.as_str()),
        (404, "NoSuchNamespaceException")
    );
}

#[tokio::test]
async fn a_full_namespace_is_dropped_only_with_all_that_is_in_it() {
    let app = TestApp::start().await;
    app.namespace("a").await;
    app.namespace("a.b").await;
    app.table("a%1Fb", "t").await;
    app.view("a", "v").await;
    for path in ["a", "a%1Fb"] {
        let uri = app.at(&format!("namespaces/{path}"));
        let (status, kind, _) = app.delete(uri).await.error();
        assert_eq!((status, kind.as_str()), (409, "NamespaceNotEmptyException"));
    }
    app.delete(app.at("namespaces/a?recursive=true"))
        .await
        .expect(204);
    let left = app.get(app.at("namespaces")).await.expect(200);
    assert_eq!(left["namespaces"], json!([]));
    // The names are free again, and new namespaces of these names are empty.
    app.namespace("a").await;
    app.namespace("a.b").await;
    let tables = app.get(app.at("namespaces/a%1Fb/tables")).await.expect(200);
    assert_eq!(tables["identifiers"], json!([]));
}

#[tokio::test]
async fn odd_names_survive_the_way_through_the_path() {
    let app = TestApp::start().await;
    for (name, spelled) in [
        ("with space", "with%20space"),
        ("with space two", "with+space+two"),
        ("with/slash", "with%2Fslash"),
        ("with.dot", "with.dot"),
        ("größe-日本", "gr%C3%B6%C3%9Fe-%E6%97%A5%E6%9C%AC"),
        ("plus+sign", "plus%2Bsign"),
        ("per%cent", "per%25cent"),
        ("q?uery#x", "q%3Fuery%23x"),
    ] {
        let body = json!({ "namespace": [name] });
        app.post(app.at("namespaces"), &body).await.expect(200);
        let loaded = app
            .get(app.at(&format!("namespaces/{spelled}")))
            .await
            .expect(200);
        assert_eq!(loaded["namespace"], json!([name]));
        app.table(spelled, name).await;
        app.load(spelled, spelled).await;
        let listed = app
            .get(app.at(&format!("namespaces/{spelled}/tables")))
            .await
            .expect(200);
        assert_eq!(
            listed["identifiers"],
            json!([{ "namespace": [name], "name": name }])
        );
    }
}

#[tokio::test]
async fn reserved_names_are_refused() {
    let app = TestApp::start().await;
    for name in ["system", "INFORMATION_SCHEMA"] {
        let body = json!({ "namespace": [name] });
        assert_eq!(app.post(app.at("namespaces"), &body).await.error().0, 400);
    }
}
