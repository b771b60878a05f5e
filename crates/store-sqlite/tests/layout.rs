//! What the layout guarantees beyond the traits: constraints on soft-deleted rows, and queries that use an index.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

use std::path::PathBuf;

use model::{
    Name, NamespaceId, NamespacePath, PageRequest, ProjectId, TabularId, TabularKind, Timestamp,
    Version, WarehouseId,
};
use rusqlite::Connection;
use store::{
    AtVersion, Commit, Effects, Entity, NamespaceDrop, Namespaces, NewNamespace, NewTabular,
    ProjectRow, Projects, Protection, ResolveKey, ResolveTarget, Resolver, Result, StoreError,
    StoredMetadata, Swap, TabularContent, TabularRename, Tabulars, WarehouseRow, WarehouseStatus,
    Warehouses,
};
use store_sqlite::SqliteStore;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

struct Planted {
    store: SqliteStore,
    warehouse: WarehouseId,
    namespace: NamespaceId,
    path: PathBuf,
    _folder: TempDir,
}

fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

fn path() -> NamespacePath {
    NamespacePath::parse(vec!["ns".to_owned()]).unwrap()
}

impl Planted {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("catalog.db");
        let store = SqliteStore::open(&file).unwrap();
        let project = ProjectRow {
            id: ProjectId::nil(),
            name: "project".to_owned(),
            created_at: NOW,
        };
        let warehouse = WarehouseRow {
            id: WarehouseId::generate(),
            project: project.id.clone(),
            name: name("warehouse"),
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
            path: path(),
            parent: None,
            properties: model::Properties::new(),
            created_at: NOW,
        };
        let planted = Self {
            warehouse: warehouse.id,
            namespace: namespace.id,
            path: file,
            _folder: folder,
            store,
        };
        let (store, none) = (&planted.store, Effects::none);
        store.project_create(project, none()).await.unwrap();
        store.warehouse_create(warehouse, none()).await.unwrap();
        store.namespace_create(namespace, none()).await.unwrap();
        planted
    }

    async fn create(&self, text: &str, location: &str) -> Result<TabularId> {
        let new = NewTabular {
            id: TabularId::generate(),
            namespace: self.namespace,
            found_at: None,
            kind: TabularKind::Table,
            format: None,
            name: name(text),
            version: Version::FIRST,
            claimed_location: location.to_owned(),
            content: TabularContent {
                location: location.to_owned(),
                metadata_location: format!("{location}/metadata/1.json"),
                metadata: StoredMetadata::encode(b"{}"),
            },
            replaces: None,
        };
        let id = new.id;
        let commit = Commit {
            warehouse: self.warehouse,
            creates: vec![new],
            swaps: Vec::new(),
            at: NOW,
        };
        self.store
            .tabular_commit(commit, Effects::none())
            .await
            .map(|()| id)
    }

    fn soft_delete(&self, id: TabularId) {
        let by_hand = Connection::open(&self.path).unwrap();
        let changed = by_hand
            .execute(
                "update tabular set deleted_at = 1, purges = 0 where id = ?1",
                [id.as_uuid()],
            )
            .unwrap();
        assert_eq!(changed, 1);
    }
}

#[tokio::test]
async fn a_soft_deleted_table_gives_its_name_free_and_keeps_its_places() {
    let planted = Planted::new().await;
    let store = &planted.store;
    let id = planted.create("t", "s3://bucket/t").await.unwrap();
    let row = store.tabular_load(planted.warehouse, id).await.unwrap();
    let moved = Commit {
        warehouse: planted.warehouse,
        creates: Vec::new(),
        swaps: vec![Swap {
            id,
            expected: row.version,
            claimed_location: Some("s3://bucket/new".to_owned()),
            content: row.content,
            obsolete: None,
        }],
        at: NOW,
    };
    store.tabular_commit(moved, Effects::none()).await.unwrap();
    planted.soft_delete(id);
    let loaded = store.tabular_load(planted.warehouse, id).await;
    assert!(matches!(loaded, Err(StoreError::NotFound(_))));
    for location in [
        "s3://bucket/new",
        "s3://bucket/new/in",
        "s3://bucket/t",
        "s3://bucket/t/in",
        "s3://bucket",
    ] {
        let created = planted.create("other", location).await;
        assert!(matches!(created, Err(StoreError::LocationTaken { .. })));
    }
    for location in ["s3://bucket/new/a", "s3://bucket/t/a"] {
        let found = store.tabular_find_by_location(planted.warehouse, location.to_owned());
        assert!(found.await.unwrap().is_none(), "nobody gets at its files");
    }
    let second = planted.create("T", "s3://bucket/second").await.unwrap();
    let kind = TabularKind::Table;
    let listed = store.tabular_list(planted.namespace, kind, PageRequest::FIRST);
    let listed = listed.await.unwrap().items;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, second);
    let target = ResolveTarget::Tabular(path().key().clone(), name("t").key().clone());
    let key = ResolveKey {
        warehouse: planted.warehouse,
        target,
    };
    let found = store.resolve(vec![key]).await.unwrap();
    assert_eq!(found[0].tabular.as_ref().unwrap().id, second);
}

#[tokio::test]
async fn a_soft_deleted_table_cannot_be_changed() {
    let planted = Planted::new().await;
    let store = &planted.store;
    let id = planted.create("t", "s3://bucket/t").await.unwrap();
    planted.soft_delete(id);
    let at = AtVersion::of(id, Version::FIRST);
    let rename = TabularRename {
        id,
        expected: Version::FIRST,
        namespace: planted.namespace,
        found_at: None,
        name: name("u"),
        at: NOW,
    };
    for result in [
        store.tabular_drop(at, Effects::none()).await,
        store
            .tabular_protect(at, Protection::On, NOW, Effects::none())
            .await,
        store.tabular_rename(rename, Effects::none()).await,
    ] {
        let not_found = matches!(result, Err(StoreError::NotFound(Entity::Tabular(_))));
        assert!(not_found, "{result:?}");
    }
}

#[tokio::test]
async fn a_soft_deleted_table_belongs_to_its_namespaces_tree() {
    let planted = Planted::new().await;
    let store = &planted.store;
    let id = planted.create("t", "s3://bucket/t").await.unwrap();
    planted.soft_delete(id);
    let mut drop = NamespaceDrop {
        mode: store::DropMode::Hard,
        at: NOW,
        id: planted.namespace,
        expected: Version::FIRST,
        tree: store::NamespaceTree::default(),
    };
    let dropped = store.namespace_drop(drop.clone(), Effects::none()).await;
    assert!(matches!(dropped, Err(StoreError::NotEmpty(_))));
    let tree = store.namespace_tree(planted.warehouse, planted.namespace);
    drop.tree = tree.await.unwrap();
    assert_eq!(drop.tree.tabulars.len(), 1);
    store.namespace_drop(drop, Effects::none()).await.unwrap();
    planted.create("t", "s3://bucket/t").await.unwrap_err();
}

/// SQLite's query plan for a question.
fn plan(connection: &Connection, question: &str) -> String {
    let mut statement = connection
        .prepare(&format!("explain query plan {question}"))
        .unwrap();
    let mut steps = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    steps.join("\n")
}

#[tokio::test]
async fn an_index_answers_every_question_of_a_request() {
    let planted = Planted::new().await;
    let connection = Connection::open(&planted.path).unwrap();
    for question in [
        "select id from tabular where warehouse_id = ?1 and id <> ?2
         and location_claim in (select value from json_each(?3))",
        "select id from tabular where warehouse_id = ?1 and id <> ?2
         and location_claim >= ?4 and location_claim < ?5",
        "select location from tabular_former_location where warehouse_id = ?1 and tabular_id <> ?2
         and location in (select value from json_each(?3))",
        "select location from tabular_former_location where warehouse_id = ?1 and tabular_id <> ?2
         and location >= ?4 and location < ?5",
        "select location from tabular_former_location where tabular_id = ?1",
        "select base_location from warehouse where base_location >= ?2 and base_location < ?3",
        "select id from tabular where namespace_id = ?1 and name_key = ?2 and deleted_at is null",
        "select id, path from namespace where parent_id is ?1 and warehouse_id = ?2
         and path_key > ?3 order by path_key limit ?4",
        "select id from namespace where parent_id = ?1",
        "select id from namespace where dropped_with = ?1",
        "select id from tabular where warehouse_id = ?1 and id > ?2 and deleted_at is not null
         order by id limit ?3",
        "select id from task where tabular_id = ?1 and queue = ?2",
        "select id from task where holder = ?1 and id < ?2 and (warehouse_id is null) = ?4
         order by id desc limit ?3",
        "select task_id from task_log where holder = ?1 and task_id < ?2 and is_last
         and (warehouse_id is null) = ?4 order by task_id desc limit ?3",
        "select attempt from task_log where task_id = ?1 order by attempt desc limit ?2",
        "select sequence from task_log where project_id = ?1 and ended_at < ?2
         order by ended_at, sequence limit ?3",
        "select w.version, n.id, t.id from warehouse as w
         left join namespace as n on n.warehouse_id = w.id and n.path_key = ?2
             and n.dropped_with is null
         left join tabular as t
             on t.namespace_id = n.id and t.name_key = ?3 and t.deleted_at is null
         where w.id = ?1",
        "select name from tag_definition where project_id = ?1 and name_key > ?2
         order by name_key limit ?3",
        "select value from tag where object_id = ?1 and scope = ?2 and field_id = ?3",
        "select field_id from tag where object_id = ?1 and scope = 'column' order by field_id",
        "select id from tag where definition_id = ?1 and id > ?2 order by id limit ?3",
        "select id from tag where tabular_id = ?1",
        "select id from tag where namespace_id = ?1",
        "select key from idempotency where at < ?1 order by at limit ?2",
        "select sequence from outbox where at < ?1 order by at, sequence limit ?2",
        "select task.id from task_turn as turn
         join task on task.id =
             (select id from task as due
              where due.queue = turn.queue and due.holder = turn.holder
              and due.due_at <= ?2 order by due.due_at, due.id limit 1)
         where turn.queue = ?1",
    ] {
        let plan = plan(&connection, question);
        let scans = plan
            .lines()
            .filter(|step| step.starts_with("SCAN") && !step.contains("json_each"));
        assert_eq!(scans.count(), 0, "{question}:\n{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{question}:\n{plan}");
    }
}

#[tokio::test]
async fn a_list_is_read_from_an_index_alone() {
    let planted = Planted::new().await;
    let connection = Connection::open(&planted.path).unwrap();
    let list = "select id, name, protected, format from tabular where namespace_id = ?1
        and kind = ?2 and name_key > ?3 and deleted_at is null order by name_key limit ?4";
    let plan = plan(&connection, list);
    assert!(plan.contains("COVERING INDEX tabular_list"), "{plan}");
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}

#[tokio::test]
async fn warehouses_that_have_come_to_overlap_can_still_be_changed() {
    let planted = Planted::new().await;
    // A migration may leave overlapping base locations.
    let by_hand = Connection::open(&planted.path).unwrap();
    let inside =
        "insert into warehouse (id, project_id, name, name_key, status, protected, version,
            storage_profile, base_location, settings, created_at)
        select randomblob(16), project_id, 'inside', 'inside', status, protected, version,
            storage_profile, base_location || '/inside', settings, created_at
        from warehouse";
    by_hand.execute(inside, []).unwrap();
    let store = &planted.store;
    let row = store.warehouse_load(planted.warehouse).await.unwrap();
    let renamed = WarehouseRow {
        name: name("renamed"),
        ..row
    };
    let updated = store.warehouse_update(renamed, Effects::none()).await;
    updated.unwrap();
    let row = store.warehouse_load(planted.warehouse).await.unwrap();
    assert_eq!(row.name.as_str(), "renamed");
    let moved = WarehouseRow {
        base_location: format!("{}/inside/deeper", row.base_location),
        ..row
    };
    let refused = store.warehouse_update(moved, Effects::none()).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, StoreError::LocationTaken { .. }),
        "{refused:?}"
    );
}
