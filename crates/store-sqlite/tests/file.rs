//! The database file: who may open it, and that it keeps what it was given.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

use model::{PageRequest, ProjectId, Timestamp};
use rusqlite::Connection;
use store::{Effects, ProjectRow, Projects, Servers};
use store_sqlite::{OpenError, SqliteStore};
use tempfile::TempDir;

fn project(name: &str) -> ProjectRow {
    ProjectRow {
        id: ProjectId::generate(),
        name: name.to_owned(),
        created_at: Timestamp::from_ms(1),
    }
}

async fn count(path: &Path) -> usize {
    let store = SqliteStore::open(path).unwrap();
    let page = store.project_list(PageRequest::FIRST).await.unwrap();
    page.items.len()
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    let store = SqliteStore::open(&path).unwrap();
    let server = store.server_load().await.unwrap();
    let kept = project("kept");
    store
        .project_create(kept.clone(), Effects::none())
        .await
        .unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.server_load().await.unwrap(), server);
    assert_eq!(store.project_load(&kept.id).await.unwrap(), kept);
}

#[tokio::test]
async fn a_file_in_use_is_refused_and_free_afterwards() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    let first = SqliteStore::open(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("catalog.db"), "{error}");
    drop(first);
    assert_eq!(count(&path).await, 0);
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    drop(SqliteStore::open(&path).unwrap());
    let newer = "insert into refinery_schema_history (version, name, applied_on, checksum)
         values (4711, 'from_the_future', '2030-01-01T00:00:00Z', '1')";
    let by_hand = Connection::open(&path).unwrap();
    by_hand.execute(newer, []).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found: 4711, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    std::fs::write(&path, "no database at all, but long enough for a header").unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Database { .. }), "{error}");
}

#[tokio::test]
async fn every_change_that_waits_at_the_end_is_kept() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    let store = std::sync::Arc::new(SqliteStore::open(&path).unwrap());
    let writes: Vec<_> = (0..200)
        .map(|n| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                let project = project(&format!("p{n}"));
                store.project_create(project, Effects::none()).await
            })
        })
        .collect();
    drop(store);
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(count(&path).await, 200);
}
