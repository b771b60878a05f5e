//! A [`World`] of a store and some authorizers.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::model::{
    Caller, Grant, Name, NamespaceId, NamespacePath, Principal, ProjectId, Properties, RoleId,
    RoleIdent, Securable, TabularId, TabularKind, TagName, TagScope, Timestamp, UserType, Version,
    WarehouseId,
};
use async_trait::async_trait;
use store::{
    AtVersion, Commit, Effects, Expiry, GrantChange, NamespaceDrop, NamespaceMove, NewNamespace,
    NewTabular, ProjectRow, Protection, ResolveKey, ResolveTarget, RoleMembers, RoleRow, SoftDrop,
    Store, StoreError, StoredMetadata, TabularContent, TabularRename, TagDefinitionRow, TagValues,
    TreeNamespace, Unchanged, Undrop, UserRow, UserSource, WarehouseRow, WarehouseStatus,
};

use super::{Change, World, creators_grant};
use crate::{Authorizer, AuthorizerUnavailable, Check, Decision, Resource};

/// How often a decision is tried again when the authorizer is not available.
const TRIES: u32 = 20;

const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

/// The warehouses and paths of namespaces and tables, which the store's methods need.
#[derive(Default)]
struct Places {
    namespaces: HashMap<NamespaceId, (WarehouseId, Vec<String>)>,
    tables: HashMap<TabularId, WarehouseId>,
}

/// Makes changes in the store only: the authorizers must find out about them.
pub struct StoreWorld {
    store: Arc<dyn Store>,
    engines: Vec<Arc<dyn Authorizer>>,
    places: Mutex<Places>,
}

impl fmt::Debug for StoreWorld {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("StoreWorld")
    }
}

impl StoreWorld {
    /// An empty catalog. Each engine is the authorizer of one replica: all of them are asked, and must agree.
    pub fn new(store: Arc<dyn Store>, engines: Vec<Arc<dyn Authorizer>>) -> Self {
        let places = Mutex::default();
        Self {
            store,
            engines,
            places,
        }
    }

    async fn create(&self, what: &Securable, within: &Securable, effects: Effects) {
        let store = &self.store;
        let name = Name::parse("name", &what.to_string().replace('/', "-")).unwrap();
        match (what, within) {
            (Securable::Project(id), _) => {
                let row = ProjectRow {
                    id: id.clone(),
                    name: name.as_str().to_owned(),
                    created_at: NOW,
                };
                store.project_create(row, effects).await.unwrap();
            }
            (Securable::Role(_) | Securable::TagDefinition(_), Securable::Project(project)) => {
                self.define(what, project, effects).await;
            }
            (Securable::Warehouse(id), Securable::Project(project)) => {
                let row = WarehouseRow {
                    id: *id,
                    project: project.clone(),
                    name,
                    status: WarehouseStatus::Active,
                    protection: Protection::Off,
                    storage_profile: "{}".to_owned(),
                    base_location: format!("s3://{id}/base"),
                    storage_secret: None,
                    settings: "{}".to_owned(),
                    version: Version::FIRST,
                    grants: Version::FIRST,
                    created_at: NOW,
                    updated_at: None,
                };
                store.warehouse_create(row, effects).await.unwrap();
            }
            (Securable::Namespace(id), within) => {
                let (warehouse, mut path) = match within {
                    Securable::Warehouse(id) => (*id, Vec::new()),
                    Securable::Namespace(id) => self.places.lock().unwrap().namespaces[id].clone(),
                    other => panic!("a namespace in {other}"),
                };
                path.push(id.to_string());
                let namespace = NewNamespace {
                    id: *id,
                    warehouse,
                    path: NamespacePath::parse(path.clone()).unwrap(),
                    parent: None,
                    properties: Properties::new(),
                    created_at: NOW,
                };
                store.namespace_create(namespace, effects).await.unwrap();
                let mut places = self.places.lock().unwrap();
                places.namespaces.insert(*id, (warehouse, path));
            }
            (Securable::Tabular(kind, id), Securable::Namespace(home)) => {
                self.create_table(*kind, *id, *home, effects).await;
            }
            other => panic!("cannot create {other:?}"),
        }
    }

    /// Creates a role or a tag definition.
    async fn define(&self, what: &Securable, project: &ProjectId, effects: Effects) {
        let text = what.to_string().replace(['/', '-'], ".");
        match what {
            Securable::Role(id) => {
                let row = RoleRow {
                    id: *id,
                    project: project.clone(),
                    ident: RoleIdent::new(RoleIdent::LAKEKEEPER, &id.to_string()).unwrap(),
                    name: Name::parse("role", &text).unwrap(),
                    description: None,
                    created_at: NOW,
                    updated_at: None,
                };
                self.store.role_create(row, effects).await.unwrap();
            }
            Securable::TagDefinition(id) => {
                let row = TagDefinitionRow {
                    id: *id,
                    project: project.clone(),
                    name: TagName::parse(&text).unwrap(),
                    description: None,
                    scope: BTreeSet::from([TagScope::Table]),
                    values: TagValues::Marker,
                    version: Version::FIRST,
                    created_at: NOW,
                    updated_at: None,
                };
                let created = self.store.tag_definition_create(row, effects);
                created.await.unwrap();
            }
            other => panic!("{other} is not defined"),
        }
    }

    async fn create_table(
        &self,
        kind: TabularKind,
        id: TabularId,
        home: NamespaceId,
        effects: Effects,
    ) {
        let name = Name::parse("name", &id.to_string()).unwrap();
        let location = format!("s3://tables/{id}");
        let warehouse = self.places.lock().unwrap().namespaces[&home].0;
        let new = NewTabular {
            id,
            namespace: home,
            found_at: None,
            kind,
            format: None,
            name,
            version: Version::FIRST,
            claimed_location: location.clone(),
            content: TabularContent {
                metadata_location: format!("{location}/metadata"),
                location,
                metadata: StoredMetadata::encode(b"{}"),
            },
            replaces: None,
        };
        let commit = Commit {
            warehouse,
            creates: vec![new],
            swaps: Vec::new(),
            at: NOW,
        };
        self.store.tabular_commit(commit, effects).await.unwrap();
        self.places.lock().unwrap().tables.insert(id, warehouse);
    }

    async fn table(&self, id: TabularId) -> store::TabularRow {
        let warehouse = self.places.lock().unwrap().tables[&id];
        self.store.tabular_load(warehouse, id).await.unwrap()
    }

    async fn soft_drop(&self, id: TabularId) {
        let at = AtVersion::of(id, self.table(id).await.version);
        let how = SoftDrop {
            at: NOW,
            expiry: Expiry::Keep,
        };
        let dropped = self.store.soft_drop(at, how, Effects::none());
        dropped.await.unwrap();
    }

    async fn undrop(&self, id: TabularId) {
        let warehouse = self.places.lock().unwrap().tables[&id];
        let found = self.store.deleted_find(warehouse, vec![id]).await.unwrap();
        let undrop = Undrop {
            warehouse,
            tabulars: vec![AtVersion::of(id, found[0].version)],
            at: NOW,
        };
        self.store.undrop(undrop, Effects::none()).await.unwrap();
    }

    async fn drop_it(&self, what: &Securable) {
        match what {
            Securable::Role(id) => {
                let dropped = self.store.role_drop(*id, Effects::none());
                dropped.await.unwrap();
            }
            Securable::TagDefinition(id) => {
                let dropped = self.store.tag_definition_drop(*id, Effects::none());
                dropped.await.unwrap();
            }
            Securable::Tabular(_, id) => {
                let at = AtVersion::of(*id, self.table(*id).await.version);
                let dropped = self.store.tabular_drop(at, Effects::none());
                dropped.await.unwrap();
            }
            Securable::Namespace(id) => {
                let warehouse = self.places.lock().unwrap().namespaces[id].0;
                let row = self.store.namespace_load(warehouse, *id).await.unwrap();
                let tree = self.store.namespace_tree(warehouse, *id).await.unwrap();
                let drop = NamespaceDrop {
                    id: *id,
                    expected: row.version,
                    tree,
                    mode: store::DropMode::Hard,
                    at: NOW,
                };
                self.store
                    .namespace_drop(drop, Effects::none())
                    .await
                    .unwrap();
            }
            other => panic!("cannot drop {other}"),
        }
    }

    async fn move_it(&self, id: NamespaceId, to: &Securable) {
        let (warehouse, mut path) = match to {
            Securable::Namespace(id) => self.places.lock().unwrap().namespaces[id].clone(),
            Securable::Warehouse(id) => (*id, Vec::new()),
            other => panic!("a namespace in {other}"),
        };
        path.push(id.to_string());
        let path = NamespacePath::parse(path).unwrap();
        let row = self.store.namespace_load(warehouse, id).await.unwrap();
        let tree = self.store.namespace_tree(warehouse, id).await.unwrap();
        let below = tree.namespaces.into_iter().map(|one| TreeNamespace {
            path: one.path.moved(row.path.levels().len(), &path).unwrap(),
            ..one
        });
        let way = NamespaceMove {
            id,
            warehouse,
            expected: row.version,
            parent: match to {
                Securable::Namespace(parent) => Some(*parent),
                _ => None,
            },
            below: below.collect(),
            path,
            tabulars: None,
            at: NOW,
        };
        let below = way.below.iter().map(|one| (one.id, one.path.clone()));
        let moved: Vec<_> = below.chain([(id, way.path.clone())]).collect();
        let done = self.store.namespace_move(way, Effects::none());
        done.await.unwrap();
        let mut places = self.places.lock().unwrap();
        for (id, path) in moved {
            let levels = path.levels().to_vec();
            places.namespaces.insert(id, (warehouse, levels));
        }
    }

    /// Registers a user, as grants can be made to registered users only.
    async fn meet(&self, principal: &Principal) {
        let Principal::User(id) = principal else {
            return;
        };
        let user = UserRow {
            id: id.clone(),
            name: id.to_string(),
            email: None,
            user_type: UserType::Human,
            source: UserSource::CreateEndpoint,
            created_at: NOW,
            updated_at: None,
        };
        match self.store.user_create(user).await {
            Ok(()) | Err(StoreError::AlreadyExists(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn change(&self, grant: &Grant, gives: Gives) {
        self.meet(&grant.to).await;
        let entry = vec![(grant.to.clone(), grant.privilege)];
        let (writes, deletes) = match gives {
            Gives::Yes => (entry, Vec::new()),
            Gives::No => (Vec::new(), entry),
        };
        let change = GrantChange {
            on: grant.on.clone(),
            writes,
            deletes,
            unchanged: Unchanged::Skipped,
            at: NOW,
        };
        let changed = self.store.grants_apply(change, Effects::none());
        changed.await.unwrap();
    }

    /// The check with the version of grants that a request would have read now.
    async fn seen(&self, check: &Check) -> Check {
        let mut check = check.clone();
        if let Resource::Warehouse(at)
        | Resource::Namespace(at, _)
        | Resource::Tabular(_, at, _, _) = &mut check.resource
        {
            let key = ResolveKey {
                warehouse: at.id,
                target: ResolveTarget::Warehouse,
            };
            let found = self.store.resolve(vec![key]).await.unwrap();
            if let Some(stamp) = found.into_iter().next().and_then(|one| one.warehouse) {
                at.grants = stamp.grants;
            }
        }
        check
    }
}

/// Tries again while the authorizer is not available, which is no error of the authorizer on a busy machine.
async fn patiently<F>(decide: impl Fn() -> F) -> Vec<Decision>
where
    F: Future<Output = Result<Vec<Decision>, AuthorizerUnavailable>>,
{
    let mut tries = 0;
    loop {
        match decide().await {
            Ok(decided) => return decided,
            Err(error) if tries == TRIES => panic!("{error}"),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn one(role: RoleId, who: &Principal) -> RoleMembers {
    RoleMembers {
        role,
        members: vec![who.clone()],
    }
}

enum Gives {
    Yes,
    No,
}

#[async_trait]
impl World for StoreWorld {
    async fn apply(&self, change: &Change) {
        match change {
            Change::Create { what, within, by } => {
                self.meet(by).await;
                let effects = Effects {
                    grants: vec![creators_grant(what, by)],
                    ..Effects::none()
                };
                self.create(what, within, effects).await;
            }
            Change::Drop(what) => self.drop_it(what).await,
            Change::SoftDrop(Securable::Tabular(_, id)) => self.soft_drop(*id).await,
            Change::Undrop(Securable::Tabular(_, id)) => self.undrop(*id).await,
            Change::SoftDrop(other) | Change::Undrop(other) => {
                panic!("{other} is not soft-deleted")
            }
            Change::Join(role, who) => {
                self.meet(who).await;
                let (add, most) = (one(*role, who), u32::MAX >> 1);
                let added = self.store.role_members_add(add, most, Effects::none());
                added.await.unwrap();
            }
            Change::Leave(role, who) => {
                let left = self
                    .store
                    .role_members_remove(one(*role, who), Effects::none());
                left.await.unwrap();
            }
            Change::Rename(Securable::Tabular(_, id), to) => {
                let row = self.table(*id).await;
                let rename = TabularRename {
                    id: *id,
                    expected: row.version,
                    namespace: *to,
                    found_at: None,
                    name: Name::parse("name", &row.name).unwrap(),
                    at: NOW,
                };
                let renamed = self.store.tabular_rename(rename, Effects::none());
                renamed.await.unwrap();
            }
            Change::Move(id, to) => self.move_it(*id, to).await,
            Change::Rename(other, _) => panic!("cannot rename {other}"),
            Change::Give(grant) => self.change(grant, Gives::Yes).await,
            Change::Take(grant) => self.change(grant, Gives::No).await,
            Change::Manage(what, managed) => {
                let set = self
                    .store
                    .managed_access_set(what, *managed, Effects::none());
                set.await.unwrap();
            }
        }
    }

    async fn decide(&self, caller: &Caller, checks: &[Check]) -> Vec<Decision> {
        let mut seen = Vec::with_capacity(checks.len());
        for check in checks {
            seen.push(self.seen(check).await);
        }
        let mut decided: Option<Vec<Decision>> = None;
        for engine in &self.engines {
            let answer = patiently(|| engine.decide(caller, &seen)).await;
            assert_eq!(answer.len(), checks.len());
            if let Some(other) = &decided {
                assert_eq!(*other, answer, "replicas differ");
            }
            decided = Some(answer);
        }
        decided.unwrap()
    }
}
