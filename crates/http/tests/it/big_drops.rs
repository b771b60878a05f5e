//! One request drops a namespace with very many tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use model::{Bounds, NamespaceId, NamespacePath, Properties, Timestamp};
use serde_json::{Value, json};
use store::{Effects, NewNamespace, Store};
use store_postgres::PostgresStore;
use testkit::TestApp;
use tokio::time::timeout;

/// `make bench` drops 10,000.
const TABLES: usize = 2_000;
/// The longest time for a drop in a debug build on a busy machine; clients time out after a minute.
const LONGEST: Duration = Duration::from_secs(20);
/// How many tables' files the test waits to see deleted, and how long at most.
const SEEN: usize = 300;
const LONGEST_PURGE: Duration = Duration::from_mins(1);

async fn with_tables(store: Option<Arc<dyn Store>>) -> TestApp {
    let builder = TestApp::builder();
    let builder = match store {
        Some(store) => builder.store(store),
        None => builder,
    };
    let app = builder.start().await;
    app.namespace("ns").await;
    let tables = stream::iter(0..TABLES).map(|number| {
        let app = &app;
        async move { app.table("ns", &format!("t{number}")).await }
    });
    assert_eq!(tables.buffer_unordered(32).count().await, TABLES);
    app
}

fn management(app: &TestApp, rest: &str) -> String {
    format!("/management/v1/warehouse/{}/{rest}", app.warehouse)
}

/// The number of tasks, by queue and state.
async fn tasks(app: &TestApp) -> BTreeMap<(String, String), usize> {
    let (mut counts, mut token) = (BTreeMap::new(), Value::Null);
    loop {
        let body = json!({ "page-size": 1_000, "page-token": token });
        let list = app.post(management(app, "task/list"), &body).await;
        let page = list.expect(200);
        for task in page["tasks"].as_array().unwrap() {
            let text = |name: &str| task[name].as_str().unwrap().to_owned();
            let kind = (text("queue-name"), text("status"));
            *counts.entry(kind).or_insert(0) += 1;
        }
        token = page["next-page-token"].clone();
        if token.is_null() {
            return counts;
        }
    }
}

async fn drop_all(app: &TestApp, flags: &str) {
    let uri = app.at(&format!("namespaces/ns?recursive=true&{flags}"));
    let start = Instant::now();
    app.delete(uri).await.expect(204);
    let took = start.elapsed();
    assert!(took < LONGEST, "{took:?}");
    app.get(app.at("namespaces/ns")).await.expect(404);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.flat_map(|entry| {
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path())
        } else {
            vec![entry.path()]
        }
    });
    files.collect()
}

/// A hard drop removes the namespace at once. Files are deleted table by table in the background, and tasks show the progress.
async fn hard(app: &TestApp) {
    let folder = app.folder().join("demo");
    assert_eq!(files(&folder).len(), TABLES);
    drop_all(app, "purge=true").await;
    let of_purge = |state: &str| ("tabular_purge".to_owned(), state.to_owned());
    let waiting = BTreeMap::from([(of_purge("SCHEDULED"), TABLES)]);
    assert_eq!(tasks(app).await, waiting);

    let seen = tokio::select! {
        () = app.work_off() => panic!("all was gone before anybody has looked"),
        seen = timeout(LONGEST_PURGE, watch(app)) => {
            seen.unwrap_or_else(|_| panic!("the files of {SEEN} tables are not gone"))
        }
    };
    assert!(seen.windows(2).all(|pair| pair[0] <= pair[1]), "{seen:?}");
    let gone = TABLES - files(&folder).len();
    assert!(gone >= SEEN, "{gone}");
}

/// Polls the number of finished tasks until it is [`SEEN`]; returns all numbers seen.
async fn watch(app: &TestApp) -> Vec<usize> {
    let mut seen = Vec::new();
    while seen.last().is_none_or(|done| *done < SEEN) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let tasks = tasks(app).await;
        assert_eq!(tasks.values().sum::<usize>(), TABLES, "{tasks:?}");
        let done = ("tabular_purge".to_owned(), "SUCCESS".to_owned());
        seen.push(tasks.get(&done).copied().unwrap_or(0));
    }
    seen
}

/// A soft drop hides the namespace. Each table expires by a task of its own, and can be undropped until then.
async fn soft(app: &TestApp) {
    let profile = json!({ "type": "soft", "expiration-seconds": 3_600 });
    let body = json!({ "delete-profile": profile });
    let set = app.post(management(app, "delete-profile"), &body).await;
    set.expect(200);
    drop_all(app, "purge=true").await;
    let of_expiry = |state: &str| ("soft_deletion".to_owned(), state.to_owned());
    let waiting = BTreeMap::from([(of_expiry("SCHEDULED"), TABLES)]);
    assert_eq!(tasks(app).await, waiting);
    let deleted = management(app, "deleted-tabulars");
    let page = app.get(format!("{deleted}?pageSize=1")).await.expect(200);
    let one = &page["tabulars"][0];
    let body = json!({ "targets": [{ "type": "table", "id": one["id"] }] });
    let undropped = app.post(format!("{deleted}/undrop"), &body).await;
    undropped.expect(204);
    app.load("ns", one["name"].as_str().unwrap()).await;

    // With `force`, tables are deleted at once, those that were soft-deleted before, too.
    drop_all(app, "force=true").await;
    let left = tasks(app).await;
    let done = left.get(&of_expiry("SCHEDULED"));
    assert_eq!(done, None, "{left:?}");
    let page = app.get(deleted).await.expect(200);
    assert_eq!(page["tabulars"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_of_very_many_tables_goes_by_one_request_on_sqlite() {
    hard(&with_tables(None).await).await;
    soft(&with_tables(None).await).await;
}

/// Runs only if `LAKEKEEPER_TEST_PG_URL` names a server.
#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_of_very_many_tables_goes_by_one_request_on_postgresql() {
    let Some(url) = std::env::var_os("LAKEKEEPER_TEST_PG_URL") else {
        return;
    };
    let app = async || {
        let store = PostgresStore::temporary(url.to_str().unwrap()).await;
        with_tables(Some(Arc::new(store.unwrap()))).await
    };
    hard(&app().await).await;
    soft(&app().await).await;
}

async fn with_namespaces_below(app: &TestApp, home: &str, count: u32) {
    let made = stream::iter(0..count).map(async |number| {
        let levels = vec![home.to_owned(), format!("n{number}")];
        let namespace = NewNamespace {
            id: NamespaceId::generate(),
            warehouse: app.warehouse.parse().unwrap(),
            path: NamespacePath::parse(levels).unwrap(),
            parent: None,
            properties: Properties::new(),
            created_at: Timestamp::from_ms(0),
        };
        let made = app.store.namespace_create(namespace, Effects::none());
        made.await.unwrap();
    });
    made.buffer_unordered(64).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_namespaces_neither_go_nor_move_at_once() {
    let app = TestApp::start().await;
    let home = app.namespace("ns").await;
    with_namespaces_below(&app, "ns", Bounds::DROPPED_NAMESPACES + 1).await;
    let drop = || app.delete(app.at("namespaces/ns?recursive=true"));
    let to = json!({ "destination": ["other"] });
    let go = || app.post(management(&app, &format!("namespace/{home}/move")), &to);
    for (answer, act) in [(drop().await, "drop"), (go().await, "move")] {
        let (status, kind, message) = answer.error();
        assert_eq!((status, kind.as_str()), (400, "BadRequestException"));
        let told = format!(
            "namespace `ns` holds more than 10000 namespaces, soft-deleted ones included; {act} its content in several requests"
        );
        assert_eq!(message, told);
    }
    app.delete(app.at("namespaces/ns%1Fn0")).await.expect(204);
    go().await.expect(200);
    app.delete(app.at("namespaces/other?recursive=true"))
        .await
        .expect(204);
    app.get(app.at("namespaces/other")).await.expect(404);
}
