//! Commits and lookups per second: `cargo bench -p store-sqlite`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark may, and it reports on its output"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{
    Event, EventKind, Name, NamespaceId, NamespacePath, Origin, ProjectId, TabularId, TabularKind,
    Timestamp, Version, WarehouseId,
};
use serde_json::value::RawValue;
use store::{
    Commit, Effects, IdempotencyRecord, NewNamespace, NewTabular, ProjectRow, Protection,
    ResolveKey, ResolveTarget, Store, StoredMetadata, Swap, TabularContent, WarehouseRow,
    WarehouseStatus,
};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);
const TABLES: usize = 2_000;
const KEYS: usize = 256;
/// About the size of the metadata of a table with 20 columns and a few snapshots.
const METADATA: usize = 8_000;
const EACH: Duration = Duration::from_secs(5);

struct Planted {
    store: Arc<dyn Store>,
    warehouse: WarehouseId,
    path: NamespacePath,
    tables: Vec<TabularId>,
}

fn content(table: usize) -> TabularContent {
    let words = (0..).map(|n: usize| format!("\"field-{}\":{},", n * 7_919 % 9_973, n * table));
    let json: String = words.take(METADATA / 18).collect();
    TabularContent {
        location: format!("s3://bucket/{table}"),
        metadata_location: format!("s3://bucket/{table}/metadata/00001.metadata.json"),
        metadata: StoredMetadata::encode(json.as_bytes()),
    }
}

fn name(table: usize) -> Name {
    Name::parse("table", &format!("table_{table}")).unwrap()
}

async fn plant(path: &Path) -> Planted {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(path).unwrap());
    let project = ProjectRow {
        id: ProjectId::nil(),
        name: "project".to_owned(),
        created_at: NOW,
    };
    let warehouse = WarehouseRow {
        id: WarehouseId::generate(),
        project: project.id.clone(),
        name: Name::parse("warehouse", "warehouse").unwrap(),
        status: WarehouseStatus::Active,
        protection: Protection::Off,
        storage_profile: "{}".to_owned(),
        base_location: "s3://bucket".to_owned(),
        storage_secret: None,
        settings: "{}".to_owned(),
        version: Version::FIRST,
        grants: Version::FIRST,
        created_at: NOW,
        updated_at: None,
    };
    let namespace = NewNamespace {
        id: NamespaceId::generate(),
        warehouse: warehouse.id,
        path: NamespacePath::parse(vec!["namespace".to_owned()]).unwrap(),
        parent: None,
        properties: model::Properties::new(),
        created_at: NOW,
    };
    let (id, namespace_id, path) = (warehouse.id, namespace.id, namespace.path.clone());
    let none = Effects::none;
    store.project_create(project, none()).await.unwrap();
    store.warehouse_create(warehouse, none()).await.unwrap();
    store.namespace_create(namespace, none()).await.unwrap();
    let tables: Vec<_> = (0..TABLES).map(|_| TabularId::generate()).collect();
    let creates = tables.iter().enumerate().map(|(table, id)| NewTabular {
        id: *id,
        namespace: namespace_id,
        found_at: None,
        kind: TabularKind::Table,
        format: None,
        name: name(table),
        version: Version::FIRST,
        claimed_location: format!("s3://bucket/{table}"),
        content: content(table),
        replaces: None,
    });
    let commit = Commit {
        warehouse: id,
        creates: creates.collect(),
        swaps: Vec::new(),
        at: NOW,
    };
    store.tabular_commit(commit, none()).await.unwrap();
    Planted {
        store,
        warehouse: id,
        path,
        tables,
    }
}

/// Commits per second; each writer commits to its own table, with an event and an idempotency record.
async fn commits(planted: &Arc<Planted>, writers: usize) -> f64 {
    let end = Instant::now() + EACH;
    let runs: Vec<_> = (0..writers)
        .map(|writer| tokio::spawn(write(Arc::clone(planted), writer, end)))
        .collect();
    let mut done = 0_u32;
    for run in runs {
        done += run.await.unwrap();
    }
    f64::from(done) / EACH.as_secs_f64()
}

async fn write(planted: Arc<Planted>, writer: usize, end: Instant) -> u32 {
    let id = planted.tables[writer];
    let loaded = planted.store.tabular_load(planted.warehouse, id).await;
    let (mut expected, content) = (loaded.unwrap().version, content(writer));
    let mut done = 0;
    while Instant::now() < end {
        let commit = Commit {
            warehouse: planted.warehouse,
            creates: Vec::new(),
            swaps: vec![Swap {
                id,
                expected,
                claimed_location: None,
                content: content.clone(),
                obsolete: None,
            }],
            at: NOW,
        };
        let effects = Effects {
            events: vec![Event {
                kind: EventKind::UpdateTable,
                at: NOW,
                warehouse: Some(planted.warehouse),
                subject: id.to_string(),
                body: RawValue::from_string("{\"snapshot\":4711}".to_owned()).unwrap(),
                origin: Origin::generate(),
            }],
            idempotency: vec![IdempotencyRecord {
                key: Uuid::new_v4(),
                fingerprint: [1; 32],
                outcome: b"200".to_vec(),
                at: NOW,
            }],
            ..Effects::none()
        };
        planted.store.tabular_commit(commit, effects).await.unwrap();
        expected = expected.next();
        done += 1;
    }
    done
}

#[derive(Debug, Clone, Copy)]
enum Want {
    Stamps,
    Contents,
}

/// Keys resolved per second: `lanes` batches at a time, as [`store::Gathered`] sends them.
async fn lookups(planted: &Arc<Planted>, lanes: usize, want: Want) -> f64 {
    let end = Instant::now() + EACH;
    let runs: Vec<_> = (0..lanes)
        .map(|lane| tokio::spawn(look_up(Arc::clone(planted), lane, end, want)))
        .collect();
    let mut done = 0_u32;
    for run in runs {
        done += run.await.unwrap();
    }
    f64::from(done) / EACH.as_secs_f64()
}

async fn look_up(planted: Arc<Planted>, lane: usize, end: Instant, want: Want) -> u32 {
    let keys: Vec<_> = (0..KEYS)
        .map(|key| {
            let table = (lane * KEYS + key * 31) % TABLES;
            let (path, name) = (planted.path.key().clone(), name(table).key().clone());
            ResolveKey {
                warehouse: planted.warehouse,
                target: match want {
                    Want::Stamps => ResolveTarget::Tabular(path, name),
                    Want::Contents => ResolveTarget::TabularContent(path, name),
                },
            }
        })
        .collect();
    let mut done = 0;
    while Instant::now() < end {
        let found = planted.store.resolve(keys.clone()).await.unwrap();
        assert!(found.iter().all(|resolved| resolved.tabular.is_some()));
        done += 256;
    }
    done
}

#[tokio::main]
async fn main() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    let planted = Arc::new(plant(&path).await);
    println!("{TABLES} tables, {METADATA} bytes of metadata each");
    for writers in [1, 8, 64] {
        let rate = commits(&planted, writers).await;
        println!("commits, {writers:>2} writers: {rate:>9.0}/s");
    }
    for want in [Want::Stamps, Want::Contents] {
        for lanes in [1, 4] {
            let rate = lookups(&planted, lanes, want).await;
            println!("resolve {want:?}, {lanes} lanes of {KEYS} keys: {rate:>9.0} keys/s");
        }
    }
    let (written, read) = tokio::join!(commits(&planted, 8), lookups(&planted, 4, Want::Contents));
    let log = std::fs::metadata(path.with_extension("db-wal"))
        .unwrap()
        .len()
        >> 20;
    println!("at once: {written:.0} commits/s, {read:.0} keys/s, log {log} MiB");
}
