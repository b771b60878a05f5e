//! What becomes of files when tables are dropped.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::TestApp;

/// A table in a folder of the warehouse's, with a data file.
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

#[tokio::test]
async fn a_table_whose_metadata_file_is_gone_is_missing_but_can_be_dropped() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let location = table["metadata-location"].as_str().unwrap();
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
    assert!(Path::new(location.strip_prefix("file://").unwrap()).exists());
    assert_eq!(app.load("ns", "t").await, original);
    assert!(!file.exists(), "its own are deleted");
}
