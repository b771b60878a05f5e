//! A store with some contents, and direct access to its database.

use std::sync::Arc;

use model::{
    Event, EventKind, Name, NamespaceId, NamespacePath, Origin, ProjectId, Properties, TabularId,
    TabularKind, TaskId, Timestamp, Version, WarehouseId,
};
use serde_json::value::RawValue;
use store::{
    Commit, Effects, METADATA_CLEANUP, Namespaces, NewNamespace, NewTabular, NewTask, Obsolete,
    ProjectRow, Projects, Protection, Result, StoredMetadata, Swap, TabularContent, Tabulars,
    TaskScope, TaskTabular, WarehouseRow, WarehouseStatus, Warehouses,
};
use store_postgres::{PostgresConfig, PostgresStore, TemporaryDatabase};
use tokio_postgres::{Client, NoTls};

use crate::cluster;

pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

pub(crate) struct Catalog {
    pub(crate) store: Arc<PostgresStore>,
    pub(crate) warehouse: WarehouseId,
    pub(crate) database: Arc<TemporaryDatabase>,
}

impl Catalog {
    pub(crate) async fn new() -> Self {
        Self::in_database(TemporaryDatabase::create(cluster::url()).await.unwrap()).await
    }

    pub(crate) async fn in_database(database: TemporaryDatabase) -> Self {
        let store = open(&database).await;
        let project = ProjectRow {
            id: ProjectId::generate(),
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
        let id = warehouse.id;
        let none = Effects::none;
        store.project_create(project, none()).await.unwrap();
        store.warehouse_create(warehouse, none()).await.unwrap();
        Self {
            store: Arc::new(store),
            warehouse: id,
            database: Arc::new(database),
        }
    }

    pub(crate) async fn namespace(&self, text: &str) -> NamespaceId {
        let id = NamespaceId::generate();
        let namespace = NewNamespace {
            id,
            warehouse: self.warehouse,
            path: path(text),
            parent: None,
            properties: Properties::new(),
            created_at: NOW,
        };
        self.store
            .namespace_create(namespace, Effects::none())
            .await
            .unwrap();
        id
    }

    pub(crate) async fn table(&self, namespace: NamespaceId, text: &str) -> TabularId {
        let new = new_table(namespace, text);
        let id = new.id;
        let commit = self.commit(vec![new], Vec::new());
        self.store
            .tabular_commit(commit, Effects::none())
            .await
            .unwrap();
        id
    }

    pub(crate) fn commit(&self, creates: Vec<NewTabular>, swaps: Vec<Swap>) -> Commit {
        Commit {
            warehouse: self.warehouse,
            creates,
            swaps,
            at: NOW,
        }
    }

    pub(crate) async fn swap(&self, id: TabularId) -> Result<()> {
        let row = self.store.tabular_load(self.warehouse, id).await?;
        let swap = Swap {
            id,
            expected: row.version,
            claimed_location: None,
            content: row.content,
            obsolete: None,
        };
        let commit = self.commit(Vec::new(), vec![swap]);
        self.store.tabular_commit(commit, effects()).await
    }

    /// An effect of a swap that makes this file of the table obsolete.
    pub(crate) fn obsolete(&self, id: TabularId, file: String) -> Obsolete {
        Obsolete {
            files: vec![file],
            task: self.task(METADATA_CLEANUP, id),
        }
    }

    /// A task about the table.
    pub(crate) fn task(&self, queue: &'static str, id: TabularId) -> NewTask {
        NewTask {
            id: TaskId::generate(),
            queue,
            scope: TaskScope::Warehouse(self.warehouse),
            parent: None,
            tabular: Some(TaskTabular {
                id,
                kind: TabularKind::Table,
                path: vec!["ns".to_owned(), "t".to_owned()],
            }),
            subject: String::new(),
            payload: "{}".to_owned(),
            created_at: NOW,
            not_before: NOW,
        }
    }

    pub(crate) async fn move_to(&self, id: TabularId, location: &str) -> Result<()> {
        let row = self.store.tabular_load(self.warehouse, id).await?;
        let swap = Swap {
            id,
            expected: row.version,
            claimed_location: Some(format!("{location}/{id}")),
            content: row.content,
            obsolete: None,
        };
        let commit = self.commit(Vec::new(), vec![swap]);
        self.store.tabular_commit(commit, effects()).await
    }

    pub(crate) async fn version(&self, id: TabularId) -> Version {
        let row = self.store.tabular_load(self.warehouse, id).await;
        row.unwrap().version
    }

    /// A connection to the database that bypasses the store.
    pub(crate) async fn behind(&self) -> Client {
        connect(self.database.url()).await
    }
}

pub(crate) async fn open(database: &TemporaryDatabase) -> PostgresStore {
    let mut config = PostgresConfig::new(database.url());
    // One for each writer of the benchmark.
    config.write_connections = 32;
    PostgresStore::connect(config).await.unwrap()
}

pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

pub(crate) fn path(text: &str) -> NamespacePath {
    NamespacePath::parse(text.split('.').map(str::to_owned).collect()).unwrap()
}

pub(crate) fn effects() -> Effects {
    Effects {
        events: vec![Event {
            kind: EventKind::UpdateTable,
            at: NOW,
            warehouse: None,
            subject: "subject".to_owned(),
            body: RawValue::from_string("{}".to_owned()).unwrap(),
            origin: Origin::generate(),
        }],
        ..Effects::none()
    }
}

pub(crate) fn new_table(namespace: NamespaceId, text: &str) -> NewTabular {
    let id = TabularId::generate();
    let location = format!("s3://bucket/tables/{id}");
    NewTabular {
        id,
        namespace,
        found_at: None,
        kind: TabularKind::Table,
        format: None,
        name: name(text),
        version: Version::FIRST,
        claimed_location: location.clone(),
        content: TabularContent {
            metadata_location: format!("{location}/metadata/1.json"),
            location,
            metadata: StoredMetadata::encode(text.repeat(100).as_bytes()),
        },
        replaces: None,
    }
}
