//! The files of tables that are dropped or moved.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::TestApp;

/// Creates a table with a data file in a folder of the warehouse; returns the data file.
async fn with_data(app: &TestApp, name: &str) -> PathBuf {
    let folder = app.folder().canonicalize().unwrap().join("demo").join(name);
    let mut body = testkit::table(name);
    body["location"] = json!(format!("file://{}", folder.display()));
    app.post(app.at("namespaces/ns/tables"), &body)
        .await
        .expect(200);
    std::fs::create_dir_all(folder.join("data")).unwrap();
    let file = folder.join("data/part-0.parquet");
    std::fs::write(&file, "data").unwrap();
    file
}

fn is_empty(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return true;
    };
    let mut entries = entries.map(|entry| entry.unwrap().path());
    entries.all(|path| path.is_dir() && is_empty(&path))
}

#[tokio::test]
async fn a_purge_deletes_the_own_folder_and_never_a_sibling() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let orders = with_data(&app, "orders").await;
    let sibling = with_data(&app, "orders2").await;
    let beside = app.folder().join("demo/orders.txt");
    std::fs::write(&beside, "not the table's").unwrap();
    let uri = app.at("namespaces/ns/tables/orders?purgeRequested=true");
    app.delete(uri).await.expect(204);
    let folder = app.folder().join("demo/orders");
    app.work_until(|| is_empty(&folder)).await;
    assert!(!orders.exists());
    assert!(sibling.exists() && beside.exists());
    app.load("ns", "orders2").await;
}

#[tokio::test]
async fn a_drop_without_purge_leaves_the_files() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let kept = with_data(&app, "kept").await;
    let purged = with_data(&app, "purged").await;
    app.delete(app.at("namespaces/ns/tables/kept"))
        .await
        .expect(204);
    app.delete(app.at("namespaces/ns/tables/purged?purgeRequested=TRUE"))
        .await
        .expect(204);
    app.work_until(|| !purged.exists()).await;
    assert!(kept.exists());
}

#[tokio::test]
async fn a_recursive_purge_deletes_the_files_of_all_tables() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let (a, b) = (with_data(&app, "a").await, with_data(&app, "b").await);
    app.delete(app.at("namespaces/ns?recursive=true&purge=true"))
        .await
        .expect(204);
    app.work_until(|| !a.exists() && !b.exists()).await;
}

/// The location of a folder in the warehouse.
fn location(app: &TestApp, name: &str) -> String {
    let folder = app.folder().canonicalize().unwrap().join("demo").join(name);
    format!("file://{}", folder.display())
}

async fn create_at(app: &TestApp, name: &str, place: &str) -> testkit::Answer {
    let mut body = testkit::table(name);
    body["location"] = json!(location(app, place));
    app.post(app.at("namespaces/ns/tables"), &body).await
}

async fn move_to(app: &TestApp, name: &str, place: &str) -> testkit::Answer {
    let update = json!({ "action": "set-location", "location": location(app, place) });
    let commit = json!({ "requirements": [], "updates": [update] });
    let uri = app.at(&format!("namespaces/ns/tables/{name}"));
    app.post(uri, &commit).await
}

#[tokio::test]
async fn a_place_that_a_table_has_left_stays_its_own_until_it_is_dropped() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    create_at(&app, "orders", "old/place").await.expect(200);
    let file = app.folder().join("demo/old/place/data.parquet");
    std::fs::write(&file, "data").unwrap();
    create_at(&app, "other", "other").await.expect(200);
    move_to(&app, "orders", "new").await.expect(200);
    for place in ["old/place", "old/place/in", "old", "new"] {
        for refused in [
            create_at(&app, "another", place).await,
            move_to(&app, "other", place).await,
        ] {
            let (status, kind, message) = refused.error();
            assert_eq!((status, kind.as_str()), (409, "LocationAlreadyTaken"));
            assert!(message.contains("one that has moved"), "{message}");
        }
    }
    move_to(&app, "orders", "old/place").await.expect(200);
    move_to(&app, "orders", "new").await.expect(200);
    app.delete(app.at("namespaces/ns/tables/orders"))
        .await
        .expect(204);
    create_at(&app, "another", "old/place/in").await.expect(200);
    move_to(&app, "other", "new/in").await.expect(200);
    assert!(file.exists());
}

#[tokio::test]
async fn a_purge_empties_every_place_where_the_table_has_been() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let orders = with_data(&app, "first").await;
    move_to(&app, "first", "second/inner").await.expect(200);
    let inner = app.folder().join("demo/second/inner/data.parquet");
    std::fs::write(&inner, "data").unwrap();
    move_to(&app, "first", "second").await.expect(200);
    let sibling = with_data(&app, "second2").await;
    app.delete(app.at("namespaces/ns/tables/first?purgeRequested=true"))
        .await
        .expect(204);
    let purges = app.store.task_count("tabular_purge").await.unwrap();
    assert_eq!(purges, 2, "the inner place goes with the one around it");
    let (_, kind, _) = create_at(&app, "early", "first/in").await.error();
    assert_eq!(kind, "LocationAlreadyTaken");
    let demo = app.folder().join("demo");
    app.work_until(|| is_empty(&demo.join("first")) && is_empty(&demo.join("second")))
        .await;
    assert!(!orders.exists() && !inner.exists());
    assert!(sibling.exists());
}

#[tokio::test]
async fn a_recursive_purge_empties_every_place_where_a_table_has_been() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let (a, b) = (with_data(&app, "a").await, with_data(&app, "b").await);
    move_to(&app, "b", "c").await.expect(200);
    let metadata = app.folder().join("demo/c/metadata");
    assert!(!is_empty(&metadata));
    app.delete(app.at("namespaces/ns?recursive=true&purge=true"))
        .await
        .expect(204);
    app.work_until(|| !a.exists() && !b.exists() && is_empty(&metadata))
        .await;
}

#[tokio::test]
async fn a_table_whose_metadata_file_is_gone_is_missing_but_can_be_dropped() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let location = table["metadata-location"].as_str().unwrap();
    // The file is noticed as missing even if the table has just been loaded.
    app.load("ns", "t").await;
    std::fs::remove_file(location.strip_prefix("file://").unwrap()).unwrap();
    let (status, kind, message) = app.get(app.at("namespaces/ns/tables/t")).await.error();
    assert_eq!((status, kind.as_str()), (404, "NotFoundException"));
    assert!(message.ends_with(location), "{message}");
    app.delete(app.at("namespaces/ns/tables/t"))
        .await
        .expect(204);
}

#[tokio::test]
async fn a_compressed_metadata_file_is_written_where_its_name_says_so() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let mut body = testkit::table("t");
    body["properties"] = json!({ "write.metadata.compression-codec": "gzip" });
    let created = app
        .post(app.at("namespaces/ns/tables"), &body)
        .await
        .expect(200);
    let location = created["metadata-location"].as_str().unwrap();
    assert!(location.ends_with(".gz.metadata.json"), "{location}");
    let file = std::fs::File::open(location.strip_prefix("file://").unwrap()).unwrap();
    let written: Value = serde_json::from_reader(flate2::read::GzDecoder::new(file)).unwrap();
    assert_eq!(written, created["metadata"]);
}

#[tokio::test]
async fn a_registered_copy_deletes_no_metadata_of_its_original() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let original = app.table("ns", "t").await;
    let location = original["metadata-location"].as_str().unwrap();
    let folder = app.folder().canonicalize().unwrap().join("demo/copy");
    let mut copy = original["metadata"].clone();
    copy["table-uuid"] = json!(uuid::Uuid::new_v4());
    copy["location"] = json!(format!("file://{}", folder.display()));
    copy["metadata-log"] =
        json!([{ "metadata-file": location, "timestamp-ms": copy["last-updated-ms"] }]);
    copy["properties"] = json!({
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "1",
    });
    let metadata = folder.join("metadata");
    std::fs::create_dir_all(&metadata).unwrap();
    let file = metadata.join("00001-copy.metadata.json");
    std::fs::write(&file, copy.to_string()).unwrap();
    let body = json!({ "name": "copy", "metadata-location": format!("file://{}", file.display()) });
    app.post(app.at("namespaces/ns/register"), &body)
        .await
        .expect(200);
    for value in ["1", "2"] {
        let body = crate::set_property(&copy["table-uuid"], "a", value);
        app.post(app.at("namespaces/ns/tables/copy"), &body)
            .await
            .expect(200);
    }
    // The metadata file of the copy itself is deleted.
    app.work_until(|| !file.exists()).await;
    assert!(Path::new(location.strip_prefix("file://").unwrap()).exists());
    assert_eq!(app.load("ns", "t").await, original);
}

/// A disk that is not mounted, or that the server may no longer write to, is a 503, which ends when the disk is back.
#[tokio::test]
async fn broken_local_storage_is_the_servers_fault_and_loses_nothing() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let (root, away) = (app.folder().join("demo"), app.folder().join("away"));
    std::fs::rename(&root, &away).unwrap();
    let tables = app.at("namespaces/ns/tables");
    let uri = app.at("namespaces/ns/tables/t");
    let commit = crate::set_property(&table["metadata"]["table-uuid"], "a", "b");
    let register = json!({ "name": "r", "metadata-location": table["metadata-location"] });
    for opened in ["before", "after"] {
        for answer in [
            app.post(&tables, &testkit::table("u")).await,
            app.post(&uri, &commit).await,
            app.post(app.at("namespaces/ns/register"), &register).await,
        ] {
            let (status, kind, message) = answer.error();
            let expected = (503, "ServiceUnavailableException");
            assert_eq!((status, kind.as_str()), expected, "{opened}: {message}");
            assert!(message.contains("root folder"), "{message}");
        }
        // Makes a new version of the warehouse, so that its storage is opened again.
        for state in ["deactivate", "activate"] {
            let uri = format!("/management/v1/warehouse/{}/{state}", app.warehouse);
            app.post(uri, &json!({})).await.expect(200);
        }
    }
    std::fs::rename(&away, &root).unwrap();
    assert_eq!(
        app.load("ns", "t").await["metadata-location"],
        table["metadata-location"]
    );
    app.post(&uri, &commit).await.expect(200);
}
