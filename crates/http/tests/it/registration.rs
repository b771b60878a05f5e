//! Registering, overwriting and unregistering tables.

use std::sync::Arc;

use catalog::table::Existing;
use model::EventKind;
use serde_json::{Value, json};
use testkit::{Action, RecordingAuthorizer, TableAction, TestApp};

use crate::set_property;

async fn register(
    app: &TestApp,
    name: &str,
    location: &Value,
    existing: Existing,
) -> testkit::Answer {
    let overwrite = existing == Existing::Overwrite;
    let body = json!({ "name": name, "metadata-location": location, "overwrite": overwrite });
    app.post(app.at("namespaces/ns/register"), &body).await
}

#[tokio::test]
async fn an_unregistered_table_comes_back_by_registration() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let created = app.table("ns", "t").await;
    let location = &created["metadata-location"];
    let uri = app.at("namespaces/ns/tables/t");
    let unregistered = app
        .post(format!("{uri}/unregister"), &json!({}))
        .await
        .expect(200);
    assert_eq!(&unregistered["metadata-location"], location);
    assert_eq!(app.get(&uri).await.error().0, 404);
    assert!(std::fs::exists(location.as_str().unwrap().strip_prefix("file://").unwrap()).unwrap());
    let registered = register(&app, "again", location, Existing::Refuse)
        .await
        .expect(200);
    assert_eq!(registered["metadata"], created["metadata"]);
    assert_eq!(&registered["metadata-location"], location);
    let taken = register(&app, "again", location, Existing::Refuse)
        .await
        .error();
    assert_eq!((taken.0, taken.1.as_str()), (409, "AlreadyExistsException"));
}

#[tokio::test]
async fn an_overwrite_goes_back_to_another_metadata_file() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let created = app.table("ns", "t").await;
    let uri = app.at("namespaces/ns/tables/t");
    let body = set_property(&created["metadata"]["table-uuid"], "a", "1");
    app.post(&uri, &body).await.expect(200);
    let location = &created["metadata-location"];
    register(&app, "t", location, Existing::Overwrite)
        .await
        .expect(200);
    let loaded = app.load("ns", "t").await;
    assert_eq!(&loaded["metadata-location"], location);
    assert_eq!(loaded["metadata"]["properties"].get("a"), None);
}

#[tokio::test]
async fn a_table_that_is_overwritten_by_itself_keeps_the_places_that_it_has_had() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let created = app.table("ns", "t").await;
    let before = created["metadata"]["location"].as_str().unwrap().to_owned();
    let uri = app.at("namespaces/ns/tables/t");
    let update = json!({ "action": "set-location", "location": format!("{before}-moved") });
    let commit = json!({ "requirements": [], "updates": [update] });
    let moved = app.post(&uri, &commit).await.expect(200);
    let location = &moved["metadata-location"];
    let registered = register(&app, "t", location, Existing::Overwrite).await;
    assert_eq!(registered.expect(200)["metadata"], moved["metadata"]);
    let mut sibling = testkit::table("sibling");
    sibling["location"] = json!(before);
    let refused = app.post(app.at("namespaces/ns/tables"), &sibling).await;
    assert_eq!(refused.error().0, 409);
    // An overwrite with the table's first metadata file moves it back to its first location.
    let location = &created["metadata-location"];
    let registered = register(&app, "t", location, Existing::Overwrite).await;
    assert_eq!(registered.expect(200)["metadata"], created["metadata"]);
    let commit = set_property(&created["metadata"]["table-uuid"], "a", "1");
    app.post(&uri, &commit).await.expect(200);
}

#[tokio::test]
async fn of_the_table_that_an_overwrite_ends_is_told() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let (old, new) = (app.table("ns", "t").await, app.table("ns", "u").await);
    let unregister = app.post(app.at("namespaces/ns/tables/u/unregister"), &json!({}));
    unregister.await.expect(200);
    let before = app.store.outbox_read(0, 100).await.unwrap().len();
    let location = &new["metadata-location"];
    let registered = register(&app, "t", location, Existing::Overwrite).await;
    registered.expect(200);
    let events = app.store.outbox_read(0, 100).await.unwrap();
    let told = events.iter().skip(before).map(|row| &row.event);
    let told: Vec<_> = told
        .map(|event| (event.kind, json!(event.subject)))
        .collect();
    let parts = events.iter().skip(before);
    let parts: Vec<_> = parts.map(|row| row.event.origin.parts).collect();
    assert_eq!(parts, [2, 2]);
    let uuid = |of: &Value| of["metadata"]["table-uuid"].clone();
    let expected = [
        (EventKind::DropTable, uuid(&old)),
        (EventKind::RegisterTable, uuid(&new)),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_is_no_metadata_file_of_the_warehouse_is_refused() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let root = app.folder().canonicalize().unwrap();
    let base = format!("file://{}/demo", root.display());
    std::fs::write(root.join("demo/broken.metadata.json"), "{\"a\":").unwrap();
    std::fs::write(root.join("demo/other.metadata.json"), "{}").unwrap();
    std::fs::write(root.join("demo/zip.gz.metadata.json"), "no gzip").unwrap();
    std::fs::write(root.join("outside.metadata.json"), "{}").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", root.join("demo/link.metadata.json")).unwrap();
    for location in [
        format!("{base}/nope.metadata.json"),
        format!("{base}/broken.metadata.json"),
        format!("{base}/other.metadata.json"),
        format!("{base}/zip.gz.metadata.json"),
        format!("{base}/link.metadata.json"),
        format!("{base}/../outside.metadata.json"),
        format!("file://{}/outside.metadata.json", root.display()),
        "file:///etc/passwd".to_owned(),
        "https://example.com/x.metadata.json".to_owned(),
        String::new(),
    ] {
        let answer = register(&app, "t", &json!(location), Existing::Refuse).await;
        assert!(
            answer.status.is_client_error(),
            "{location}: {}",
            answer.text()
        );
        answer.error();
    }
    let list = app.get(app.at("namespaces/ns/tables")).await.expect(200);
    assert_eq!(list["identifiers"], json!([]));
}

#[tokio::test]
async fn of_what_is_hidden_one_does_not_hear_that_it_is_protected() {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let app = TestApp::builder().authorizer(Arc::<RecordingAuthorizer>::clone(&authorizer));
    let app = app.start().await;
    app.namespace("ns").await;
    let (there, other) = (app.table("ns", "t").await, app.table("ns", "u").await);
    let id = there["metadata"]["table-uuid"].as_str().unwrap();
    let warehouse = &app.warehouse;
    let uri = format!("/management/v1/warehouse/{warehouse}/table/{id}/protection");
    app.post(uri, &json!({ "protected": true }))
        .await
        .expect(200);
    authorizer.forbid([TableAction::GetMetadata, TableAction::Drop].map(Action::Table));
    let location = &other["metadata-location"];
    let taken = register(&app, "t", location, Existing::Overwrite)
        .await
        .error();
    assert_eq!((taken.0, taken.1.as_str()), (409, "AlreadyExistsException"));
}
