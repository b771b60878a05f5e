//! Helpers for the cases.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::{
    Event, EventKind, Grant, Name, NamespaceId, NamespacePath, Origin, PageRequest, PageSize,
    Principal, Privilege, ProjectId, Properties, Securable, TabularId, TabularKind, Timestamp,
    UserType, Version, WarehouseId,
};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    Below, Commit, Effects, GrantChange, IdempotencyRecord, Lease, NewNamespace, NewTabular,
    NewTask, ProjectRow, Protection, ResolveKey, ResolveTarget, Resolved, Result, Store,
    StoredMetadata, Swap, TabularContent, TabularRow, TaskClaim, TaskScope, Unchanged, UserRow,
    UserSource, WarehouseRow, WarehouseStatus,
};

/// The time of everything unless stated otherwise.
pub(super) const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

/// The time some milliseconds after [`NOW`].
pub(super) const fn later(ms: i64) -> Timestamp {
    Timestamp::from_ms(NOW.as_ms() + ms)
}

/// Asserts that the result is an error that matches the pattern.
macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        match $result {
            Err($pattern) $(if $guard)? => {}
            other => panic!(
                "expected the error {}, got {other:?}",
                stringify!($pattern $(if $guard)?)
            ),
        }
    };
}
pub(super) use refused;

pub(super) fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

pub(super) fn path(levels: &[&str]) -> NamespacePath {
    NamespacePath::parse(levels.iter().map(ToString::to_string).collect()).unwrap()
}

pub(super) fn properties(pairs: &[(&str, &str)]) -> Properties {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// A number that is unique in the process, for names and locations that must not collide.
fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Content whose metadata contains `text`.
pub(super) fn content(location: &str, text: &str) -> TabularContent {
    let metadata = serde_json::json!({ "location": location, "text": text });
    TabularContent {
        location: location.to_owned(),
        metadata_location: format!("{location}/metadata/{text}.metadata.json"),
        metadata: StoredMetadata::encode(metadata.to_string().as_bytes()),
    }
}

/// The text that was given to [`content`].
pub(super) fn text_of(content: &TabularContent) -> String {
    let json = content.metadata.decode().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    json["text"].as_str().unwrap().to_owned()
}

/// Incompressible bytes, the same on every call.
pub(super) fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    });
    bytes.take(count).collect()
}

pub(super) fn event(kind: EventKind, subject: &str) -> Event {
    Event {
        kind,
        at: NOW,
        warehouse: None,
        subject: subject.to_owned(),
        body: RawValue::from_string(format!("{{\"about\":\"{subject}\",\"n\":1.0}}")).unwrap(),
        origin: Origin::generate(),
    }
}

pub(super) fn record(key: Uuid) -> IdempotencyRecord {
    IdempotencyRecord {
        key,
        fingerprint: [7; 32],
        outcome: format!("outcome of {key}").into_bytes(),
        at: NOW,
    }
}

pub(super) fn task(queue: &'static str, warehouse: WarehouseId) -> NewTask {
    NewTask {
        subject: "s3://bucket/table".to_owned(),
        payload: "{\"a\":1}".to_owned(),
        ..NewTask::new(queue, TaskScope::Warehouse(warehouse), NOW)
    }
}

pub(super) const fn lease(now: Timestamp, until: Timestamp) -> Lease {
    Lease { now, until }
}

pub(super) fn new_project() -> ProjectRow {
    ProjectRow {
        id: ProjectId::generate(),
        name: "project".to_owned(),
        created_at: NOW,
    }
}

/// Another project besides the one of a [`Catalog`].
pub(super) async fn other_project(store: &Arc<dyn Store>) -> ProjectRow {
    let other = new_project();
    let made = store.project_create(other.clone(), Effects::none());
    made.await.unwrap();
    other
}

pub(super) fn new_warehouse(project: &ProjectId, text: &str) -> WarehouseRow {
    WarehouseRow {
        id: WarehouseId::generate(),
        project: project.clone(),
        name: name(text),
        status: WarehouseStatus::Active,
        protection: Protection::Off,
        storage_profile: "{\"type\":\"memory\"}".to_owned(),
        base_location: format!("s3://bucket-{}/base", unique()),
        storage_secret: None,
        settings: "{}".to_owned(),
        version: Version::FIRST,
        grants: Version::FIRST,
        created_at: NOW,
        updated_at: None,
    }
}

/// Effects – an event, an idempotency record and perhaps a task – and the assertions whether they were written.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    subject: String,
    queue: &'static str,
    warehouse: Option<WarehouseId>,
    key: Uuid,
}

impl Marks {
    /// For a change to a warehouse or to something in it.
    pub(super) fn of(warehouse: WarehouseId) -> Self {
        Self {
            warehouse: Some(warehouse),
            ..Self::without_task()
        }
    }

    /// For a change that concerns no warehouse.
    pub(super) fn without_task() -> Self {
        Self {
            subject: Uuid::new_v4().to_string(),
            queue: "marks",
            warehouse: None,
            key: Uuid::new_v4(),
        }
    }

    pub(super) fn effects(&self) -> Effects {
        let tasks = self.warehouse.map(|warehouse| NewTask {
            subject: self.subject.clone(),
            ..task(self.queue, warehouse)
        });
        Effects {
            events: vec![event(EventKind::UpdateTable, &self.subject)],
            tasks: tasks.into_iter().collect(),
            idempotency: vec![record(self.key)],
            ..Effects::none()
        }
    }

    async fn found(&self, store: &Arc<dyn Store>) -> (usize, u64, bool) {
        let events = store.outbox_read(0, 10_000).await.unwrap();
        let events = events
            .iter()
            .filter(|row| row.event.subject == self.subject);
        let key = store.idempotency_load(self.key).await.unwrap();
        let tasks = store.task_count(self.queue).await.unwrap();
        (events.count(), tasks, key.is_some())
    }

    /// Asserts that every effect was written once; ends the task.
    pub(super) async fn are_there(&self, store: &Arc<dyn Store>) {
        let tasks = u64::from(self.warehouse.is_some());
        assert_eq!(self.found(store).await, (1, tasks, true), "effects");
        let lease = lease(NOW, later(1_000));
        while let Some(task) = store.task_claim(self.queue, "marks", lease).await.unwrap() {
            let message = String::new();
            let end = crate::TaskEnd::Done { message };
            let held = TaskClaim::of(task.id, "marks");
            store
                .task_end(held, end, NOW, Effects::none())
                .await
                .unwrap();
        }
    }

    /// Asserts that no effect was written.
    pub(super) async fn are_absent(&self, store: &Arc<dyn Store>) {
        assert_eq!(self.found(store).await, (0, 0, false), "effects");
    }
}

/// A store with a project that has a warehouse.
#[derive(Clone)]
pub(super) struct Catalog {
    pub(super) store: Arc<dyn Store>,
    pub(super) project: ProjectId,
    pub(super) warehouse: WarehouseId,
}

impl Catalog {
    pub(super) async fn new(store: &Arc<dyn Store>) -> Self {
        let project = new_project();
        let warehouse = new_warehouse(&project.id, "warehouse");
        let catalog = Self {
            store: Arc::clone(store),
            project: project.id.clone(),
            warehouse: warehouse.id,
        };
        store
            .project_create(project, Effects::none())
            .await
            .unwrap();
        store
            .warehouse_create(warehouse, Effects::none())
            .await
            .unwrap();
        catalog
    }

    /// The same store and project with another warehouse.
    pub(super) async fn other(&self, text: &str) -> Self {
        let warehouse = new_warehouse(&self.project, text);
        let id = warehouse.id;
        self.store
            .warehouse_create(warehouse, Effects::none())
            .await
            .unwrap();
        Self {
            warehouse: id,
            ..self.clone()
        }
    }

    pub(super) fn new_namespace(&self, levels: &[&str]) -> NewNamespace {
        NewNamespace {
            id: NamespaceId::generate(),
            warehouse: self.warehouse,
            path: path(levels),
            parent: None,
            properties: Properties::new(),
            created_at: NOW,
        }
    }

    pub(super) async fn namespace(&self, levels: &[&str]) -> NamespaceId {
        let namespace = self.new_namespace(levels);
        let id = namespace.id;
        self.store
            .namespace_create(namespace, Effects::none())
            .await
            .unwrap();
        id
    }

    pub(super) async fn table(&self, namespace: NamespaceId, text: &str) -> TabularId {
        let table = new_table(namespace, text);
        let id = table.id;
        self.create(table).await.unwrap();
        id
    }

    pub(super) async fn create(&self, new: NewTabular) -> Result<()> {
        self.commit(vec![new], Vec::new(), Effects::none()).await
    }

    pub(super) async fn swap(&self, swaps: Vec<Swap>) -> Result<()> {
        self.commit(Vec::new(), swaps, Effects::none()).await
    }

    pub(super) async fn commit(
        &self,
        creates: Vec<NewTabular>,
        swaps: Vec<Swap>,
        effects: Effects,
    ) -> Result<()> {
        let commit = Commit {
            warehouse: self.warehouse,
            creates,
            swaps,
            at: later(1),
        };
        self.store.tabular_commit(commit, effects).await
    }

    pub(super) async fn load(&self, id: TabularId) -> Result<TabularRow> {
        self.store.tabular_load(self.warehouse, id).await
    }

    pub(super) async fn version(&self, id: TabularId) -> Version {
        self.load(id).await.unwrap().version
    }

    pub(super) async fn resolve(&self, target: ResolveTarget) -> Resolved {
        let warehouse = self.warehouse;
        let key = ResolveKey { warehouse, target };
        let mut found = self.store.resolve(vec![key]).await.unwrap();
        assert_eq!(found.len(), 1);
        found.remove(0)
    }
}

/// A table at a unique location.
pub(super) fn new_table(namespace: NamespaceId, text: &str) -> NewTabular {
    let location = format!("s3://bucket/tables/{}", unique());
    new_table_at(namespace, text, &location)
}

pub(super) fn new_table_at(namespace: NamespaceId, text: &str, location: &str) -> NewTabular {
    NewTabular {
        id: TabularId::generate(),
        namespace,
        found_at: None,
        kind: TabularKind::Table,
        format: None,
        name: name(text),
        version: Version::FIRST,
        claimed_location: location.to_owned(),
        content: content(location, "first"),
        replaces: None,
    }
}

pub(super) fn new_view(namespace: NamespaceId, text: &str) -> NewTabular {
    NewTabular {
        kind: TabularKind::View,
        ..new_table(namespace, text)
    }
}

pub(super) fn new_generic_table(namespace: NamespaceId, text: &str) -> NewTabular {
    NewTabular {
        kind: TabularKind::GenericTable,
        format: Some("lance".parse().unwrap()),
        ..new_table(namespace, text)
    }
}

/// A swap that keeps the location.
pub(super) fn swap(row: &TabularRow, text: &str) -> Swap {
    Swap {
        id: row.id,
        expected: row.version,
        claimed_location: None,
        content: content(&row.content.location, text),
        obsolete: None,
    }
}

/// Creates a user.
pub(super) async fn user(store: &Arc<dyn Store>, id: &str) -> Principal {
    let row = UserRow {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        email: None,
        user_type: UserType::Human,
        source: UserSource::CreateEndpoint,
        created_at: NOW,
        updated_at: None,
    };
    let user = Principal::User(row.id.clone());
    store.user_create(row).await.unwrap();
    user
}

pub(super) fn change(
    on: &Securable,
    writes: &[(&Principal, Privilege)],
    deletes: &[(&Principal, Privilege)],
) -> GrantChange {
    let owned = |all: &[(&Principal, Privilege)]| {
        let all = all.iter();
        all.map(|(to, privilege)| ((*to).clone(), *privilege))
            .collect()
    };
    GrantChange {
        on: on.clone(),
        writes: owned(writes),
        deletes: owned(deletes),
        unchanged: Unchanged::Skipped,
        at: NOW,
    }
}

/// Effects with one grant.
pub(super) fn giving(on: Securable, to: &Principal, privilege: Privilege) -> Effects {
    let to = to.clone();
    Effects {
        grants: vec![Grant { on, to, privilege }],
        ..Effects::none()
    }
}

pub(super) async fn apply(
    store: &Arc<dyn Store>,
    on: &Securable,
    writes: &[(&Principal, Privilege)],
    deletes: &[(&Principal, Privilege)],
) -> Result<()> {
    store
        .grants_apply(change(on, writes, deletes), Effects::none())
        .await
}

/// The grants on a thing.
pub(super) async fn given_by(
    store: &Arc<dyn Store>,
    on: &Securable,
) -> Vec<(Principal, Privilege)> {
    let rows = store.grants_on(on, None, PageRequest::FIRST).await.unwrap();
    let rows = rows.items.into_iter();
    rows.map(|row| (row.grant.to, row.grant.privilege))
        .collect()
}

/// Whether the principal has any privilege below each of these things.
pub(super) async fn below(
    store: &Arc<dyn Store>,
    who: &Principal,
    of: &[Securable],
    counted: Below,
) -> Vec<bool> {
    let of: Vec<_> = of.iter().map(|on| (on.clone(), counted)).collect();
    let found = store.grants_below(std::slice::from_ref(who), &of).await;
    found.unwrap()
}

/// The grants of a principal in a project, read in pages of this size.
pub(super) async fn given_to(
    store: &Arc<dyn Store>,
    project: &ProjectId,
    to: &Principal,
    size: u64,
) -> Vec<Grant> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let size = PageSize::clamped(size);
        let page = store.grants_to(project, to, PageRequest { after, size });
        let page = page.await.unwrap();
        assert!(page.items.len() <= size.items() as usize);
        found.extend(page.items.into_iter().map(|row| row.grant));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}
