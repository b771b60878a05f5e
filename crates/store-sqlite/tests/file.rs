//! The database file: who may open it, and that it keeps its contents.
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
async fn another_programs_database_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    let foreign = Connection::open(&path).unwrap();
    foreign.execute_batch("create table theirs (a)").unwrap();
    drop(foreign);
    let before = std::fs::read(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_made_good() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    drop(SqliteStore::open(&path).unwrap());
    // The migration runner creates its own table first, in a separate transaction.
    let whole = Connection::open(&path).unwrap();
    let history = "select sql from sqlite_schema where name = 'refinery_schema_history'";
    let history: String = whole.query_row(history, [], |row| row.get(0)).unwrap();
    let half = folder.path().join("half.db");
    let by_hand = Connection::open(&half).unwrap();
    by_hand.execute_batch(&history).unwrap();
    drop(by_hand);
    assert_eq!(count(&half).await, 0);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let path = Path::new("/no/such/folder/catalog.db");
    let error = SqliteStore::open(path).unwrap_err();
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
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

fn entries(folder: &TempDir) -> Vec<std::ffi::OsString> {
    let entries = folder.path().read_dir().unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_check_leaves_the_file_and_its_server_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("100%?#.db");
    let missing = SqliteStore::check(&path).unwrap_err();
    assert!(matches!(missing, OpenError::Missing { .. }), "{missing}");
    assert!(entries(&folder).is_empty());
    let folder_missing = SqliteStore::check(&folder.path().join("no/x.db"));
    assert!(matches!(folder_missing, Err(OpenError::File { .. })));
    let store = SqliteStore::open(&path).unwrap();
    SqliteStore::check(&path).unwrap();
    let created = store.project_create(project("p"), Effects::none()).await;
    created.unwrap();
    SqliteStore::check(&path).unwrap();
    drop(store);
    let before = entries(&folder);
    SqliteStore::check(&path).unwrap();
    assert_eq!(entries(&folder), before);
    assert_eq!(count(&path).await, 1);
}

#[test]
fn a_check_tells_what_is_no_database_of_ours() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    std::fs::write(&path, "").unwrap();
    let empty = SqliteStore::check(&path).unwrap_err();
    assert!(
        matches!(empty, OpenError::NotMigrated { found: 0, .. }),
        "{empty}"
    );
    std::fs::write(&path, "no database at all, but long enough for a header").unwrap();
    let wrong = SqliteStore::check(&path).unwrap_err();
    assert!(matches!(wrong, OpenError::Database { .. }), "{wrong}");
    let theirs = folder.path().join("theirs.db");
    let by_hand = Connection::open(&theirs).unwrap();
    by_hand.execute_batch("create table theirs (a)").unwrap();
    let foreign = SqliteStore::check(&theirs).unwrap_err();
    assert!(matches!(foreign, OpenError::Foreign { .. }), "{foreign}");
}
