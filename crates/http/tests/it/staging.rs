//! Staged tables: access to their files before they are in the catalog.

use serde_json::{Value, json};
use testkit::{Action, NamespaceAction, TestApp, table};

use crate::signing::OnS3;

/// A body that stages a table, at this location if one is given.
fn staged(name: &str, location: Option<&str>) -> Value {
    let mut body = table(name);
    body["stage-create"] = json!(true);
    if let Some(location) = location {
        body["location"] = json!(location);
    }
    body
}

/// The signing endpoint in the answer for a staged table.
fn address(staged: &Value) -> String {
    let endpoint = staged["config"]["signer.endpoint"].as_str().unwrap();
    format!("/catalog/{endpoint}")
}

fn location(table: &Value) -> &str {
    table["metadata"]["location"].as_str().unwrap()
}

impl OnS3 {
    fn tables(&self) -> String {
        format!("/catalog/v1/{}/namespaces/ns/tables", self.warehouse)
    }

    async fn stage(&self, name: &str, at: Option<&str>) -> Value {
        let staged = self.app.post(self.tables(), &staged(name, at)).await;
        self.authorizer.take();
        staged.expect(200)
    }

    /// An unused location in the warehouse.
    fn free(&self) -> String {
        let base = location(&self.loaded).rsplit_once('/').unwrap().0;
        format!("{base}/chosen")
    }
}

/// The commit that creates a staged table.
fn creation(staged: &Value) -> Value {
    let metadata = &staged["metadata"];
    json!({
        "requirements": [{ "type": "assert-create" }],
        "updates": [
            { "action": "assign-uuid", "uuid": metadata["table-uuid"] },
            { "action": "upgrade-format-version", "format-version": metadata["format-version"] },
            { "action": "add-schema", "schema": metadata["schemas"][0] },
            { "action": "set-current-schema", "schema-id": -1 },
            { "action": "add-spec", "spec": metadata["partition-specs"][0] },
            { "action": "set-default-spec", "spec-id": -1 },
            { "action": "add-sort-order", "sort-order": metadata["sort-orders"][0] },
            { "action": "set-default-sort-order", "sort-order-id": -1 },
            { "action": "set-location", "location": metadata["location"] },
        ],
    })
}

#[tokio::test]
async fn on_a_file_system_engines_find_the_folders_of_a_staged_table() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let staged = app.post(app.at("namespaces/ns/tables"), &staged("s", None));
    let staged = staged.await.expect(200);
    let folder = location(&staged).strip_prefix("file://").unwrap();
    for name in ["data", "metadata"] {
        assert!(std::path::Path::new(folder).join(name).is_dir(), "{name}");
    }
}

#[tokio::test]
async fn files_of_a_staged_table_are_signed_before_it_is_there_and_after() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    let staged = on.stage("s", None).await;
    let (path, file) = (
        address(&staged),
        on.uri_of(location(&staged), "/data/a.parquet"),
    );
    for method in ["PUT", "GET", "DELETE"] {
        let signed = on.sign(&path, method, &file).await.expect(200);
        assert_eq!(signed["uri"], file);
        assert_eq!(on.asked(), ["namespace:create_table"]);
    }
    let at = format!("{}/s", on.tables());
    on.app.post(&at, &creation(&staged)).await.expect(200);
    on.authorizer.take();
    on.sign(&path, "PUT", &file).await.expect(200);
    assert_eq!(on.asked(), ["table:write_data"]);
    // Like that of any table, this endpoint signs for other tables, too.
    let other = on.uri_of(location(&on.loaded), "/a");
    on.sign(&path, "GET", &other).await.expect(200);
    assert_eq!(on.asked(), ["table:read_data"]);
}

#[tokio::test]
async fn nothing_is_signed_for_a_staged_table_once_another_has_its_place() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    for (round, place) in ["", "/in"].into_iter().enumerate() {
        let chosen = format!("{}{round}", on.free());
        let staged = on.stage("s", Some(&chosen)).await;
        let (path, file) = (address(&staged), on.uri_of(&chosen, "/data/a"));
        on.sign(&path, "PUT", &file).await.expect(200);
        let mut body = table(&format!("faster{round}"));
        body["location"] = json!(format!("{chosen}{place}"));
        on.app.post(on.tables(), &body).await.expect(200);
        let (status, kind, message) = on.sign(&path, "PUT", &file).await.error();
        let kind = kind.as_str();
        assert_eq!((status, kind), (409, "LocationAlreadyTaken"), "{message}");
    }
}

#[tokio::test]
async fn an_address_that_somebody_made_up_gives_nothing_more() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    let staged = on.stage("s", Some(&on.free())).await;
    let path = address(&staged);
    let chosen = location(&staged);
    for rest in ["2/a", "/../a"] {
        let refused = on.sign(&path, "PUT", &on.uri_of(chosen, rest)).await;
        assert_eq!(refused.error().0, 400, "{rest}");
    }
    let taken = location(&on.loaded);
    let base = taken.rsplit_once('/').unwrap().0;
    let encoded = |text: &str| text.replace(':', "%3A").replace('/', "%2F");
    let nobody = uuid::Uuid::new_v4();
    let signer = format!(
        "/catalog/v1/signer/{}/tabular-id/{nobody}/v1/aws/s3/sign",
        on.warehouse
    );
    for (namespace, at, expected) in [
        ("ns", base.to_owned(), 400),
        ("ns", "s3://another-bucket/a".to_owned(), 400),
        ("none", chosen.to_owned(), 404),
    ] {
        let path = format!("{signer}?staged-in={namespace}&staged-at={}", encoded(&at));
        let refused = on.sign(&path, "PUT", &on.uri_of(chosen, "/a")).await;
        assert_eq!(refused.error().0, expected, "{path}");
    }
    // The query names the location of another table, or one above it.
    let inner = format!("{}/in", on.free());
    let mut body = table("inner");
    body["location"] = json!(inner);
    on.app.post(on.tables(), &body).await.expect(200);
    for (at, file) in [(taken, taken), (chosen, inner.as_str())] {
        let path = format!("{signer}?staged-in=ns&staged-at={}", encoded(at));
        let (status, _, message) = on.sign(&path, "PUT", &on.uri_of(file, "/a")).await.error();
        assert_eq!(status, 409, "{message}");
    }
    let half = format!("{signer}?staged-in=ns");
    let (status, _, message) = on
        .sign(&half, "PUT", &on.uri_of(chosen, "/a"))
        .await
        .error();
    assert_eq!(status, 400);
    assert!(message.contains("`staged-at`"), "{message}");
}

#[tokio::test]
async fn who_may_create_no_table_gets_no_signature_for_one() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    let staged = on.stage("s", None).await;
    let create = Action::Namespace(NamespaceAction::CreateTable);
    on.authorizer.forbid([create]);
    let file = on.uri_of(location(&staged), "/a");
    let (status, kind, _) = on.sign(&address(&staged), "PUT", &file).await.error();
    assert_eq!((status, kind.as_str()), (403, "NamespaceActionForbidden"));
}

/// Staging a table gives access to the files at its location, so the location must be unused.
#[tokio::test]
async fn no_table_is_staged_where_another_one_is() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let there = app.table("ns", "there").await;
    let place = location(&there);
    let around = place.rsplit_once('/').unwrap().0;
    let tables = app.at("namespaces/ns/tables");
    for at in [place.to_owned(), format!("{place}/in")] {
        let refused = app.post(&tables, &staged("s", Some(&at))).await;
        let (status, kind, message) = refused.error();
        let kind = kind.as_str();
        assert_eq!((status, kind), (409, "LocationAlreadyTaken"), "{message}");
    }
    let mut deep = table("deep");
    deep["location"] = json!(format!("{around}/folder/deep"));
    app.post(&tables, &deep).await.expect(200);
    let folder = format!("{around}/folder");
    let refused = app.post(&tables, &staged("s", Some(&folder))).await;
    assert_eq!(refused.error().0, 409);
    app.delete(app.at("namespaces/ns/tables/deep"))
        .await
        .expect(204);
    let free = app.post(&tables, &staged("s", Some(&folder))).await;
    assert_eq!(location(&free.expect(200)), folder);
}
