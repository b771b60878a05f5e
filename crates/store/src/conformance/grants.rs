//! Grants: who has them, and where they count.

use std::sync::Arc;

use model::{
    Grant, NamespaceId, PageRequest, PageSize, Principal, Privilege, Privileges, Securable,
    TabularId, TabularKind, Version,
};

use super::fixture::{
    Catalog, Marks, NOW, apply, below, change, given_by, given_to, later, name, new_project,
    refused, user,
};
use crate::{
    Below, Effects, Entity, GrantChange, ManagedAccess, ManagedAccessOf, PathPrivileges, Place,
    ResolveTarget, Store, StoreError, TabularRename,
};

/// A catalog with a table in a nested namespace, and two users.
pub(super) struct World {
    pub(super) catalog: Catalog,
    pub(super) outer: NamespaceId,
    pub(super) inner: NamespaceId,
    pub(super) table: TabularId,
    pub(super) ada: Principal,
    pub(super) bob: Principal,
}

impl World {
    pub(super) async fn new(store: &Arc<dyn Store>) -> Self {
        let catalog = Catalog::new(store).await;
        let outer = catalog.namespace(&["a"]).await;
        let inner = catalog.namespace(&["a", "b"]).await;
        Self {
            table: catalog.table(inner, "t").await,
            ada: user(store, "oidc~ada").await,
            bob: user(store, "oidc~bob").await,
            catalog,
            outer,
            inner,
        }
    }

    pub(super) fn table(&self) -> Securable {
        Securable::Tabular(TabularKind::Table, self.table)
    }

    /// The things on the path from the server down to the table.
    pub(super) fn way(&self) -> Vec<Securable> {
        vec![
            Securable::Server,
            Securable::Project(self.catalog.project.clone()),
            Securable::Warehouse(self.catalog.warehouse),
            Securable::Namespace(self.outer),
            Securable::Namespace(self.inner),
            self.table(),
        ]
    }

    pub(super) async fn below(&self, who: &Principal) -> [bool; 4] {
        let way = self.way();
        let found = below(&self.catalog.store, who, &way[1..5], Below::Live);
        found.await.try_into().unwrap()
    }

    /// The grants version of the warehouse. Asserts that all reads agree on it.
    pub(super) async fn version(&self) -> Version {
        let (store, id) = (&self.catalog.store, self.catalog.warehouse);
        let stamp = self.catalog.resolve(ResolveTarget::Warehouse).await;
        let version = stamp.warehouse.unwrap().grants;
        let named = ResolveTarget::Namespace(super::fixture::path(&["a"]).key().clone());
        let by_name = self.catalog.resolve(named).await.warehouse;
        assert_eq!(by_name.unwrap().grants, version);
        assert_eq!(store.warehouse_load(id).await.unwrap().grants, version);
        let path = self.path(Place::Warehouse(id)).await;
        assert_eq!(path.version, version);
        version
    }

    async fn path(&self, place: Place) -> PathPrivileges {
        let found = self.catalog.store.grants_on_paths(&[], &[place]).await;
        found.unwrap().remove(0).unwrap()
    }

    pub(super) async fn rename_to(&self, namespace: NamespaceId) {
        let rename = TabularRename {
            id: self.table,
            expected: self.catalog.version(self.table).await,
            namespace,
            found_at: None,
            name: name("t"),
            at: later(5),
        };
        let renamed = self.catalog.store.tabular_rename(rename, Effects::none());
        renamed.await.unwrap();
    }
}

pub async fn what_is_given_is_told_directly_and_on_the_way(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let (way, ada) = (world.way(), &world.ada);
    let privileges = [
        Privilege::Admin,
        Privilege::DataAdmin,
        Privilege::Create,
        Privilege::Modify,
        Privilege::Select,
        Privilege::Ownership,
    ];
    for (on, privilege) in way.iter().zip(privileges) {
        apply(store, on, &[(ada, privilege)], &[]).await.unwrap();
    }
    apply(store, &way[3], &[(&world.bob, Privilege::Describe)], &[])
        .await
        .unwrap();
    let principals = [world.bob.clone(), ada.clone()];
    let given = store.grants_given(&principals, &way).await.unwrap();
    let mut expected: Vec<Privileges> = privileges.map(|one| Privileges::NONE.with(one)).to_vec();
    expected[3] = expected[3].with(Privilege::Describe);
    assert_eq!(given, expected);
    let places = [
        Place::Server,
        Place::Namespace(world.inner),
        Place::Namespace(NamespaceId::generate()),
        Place::Project(world.catalog.project.clone()),
        Place::Namespace(world.outer),
        Place::Warehouse(world.catalog.warehouse),
    ];
    let found = store.grants_on_paths(&principals, &places).await.unwrap();
    let depths = [Some(1), Some(5), None, Some(2), Some(4), Some(3)];
    for (path, depth) in found.into_iter().zip(depths) {
        let Some(depth) = depth else {
            assert!(path.is_none());
            continue;
        };
        let path = path.unwrap();
        let steps = path.steps.into_iter();
        let steps: Vec<_> = steps
            .map(|step| (step.on, step.given, step.managed))
            .collect();
        let wanted = way.iter().cloned().zip(expected.clone()).take(depth);
        let wanted = wanted.map(|(on, given)| (on, given, ManagedAccess::Off));
        assert_eq!(steps, wanted.collect::<Vec<_>>());
        let version = match depth {
            0..3 => Version::FIRST,
            _ => world.version().await,
        };
        assert_eq!(path.version, version);
    }
    let nobody = store.grants_given(&[], &way).await.unwrap();
    assert_eq!(nobody, vec![Privileges::NONE; 6]);
}

pub async fn giving_and_taking_back_can_be_repeated(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let (on, ada) = (world.table(), &world.ada);
    let marks = Marks::of(world.catalog.warehouse);
    let writes = [(ada, Privilege::Select), (ada, Privilege::Select)];
    let first = store.grants_apply(change(&on, &writes, &[]), marks.effects());
    first.await.unwrap();
    marks.are_there(store).await;
    let given = world.version().await;
    let again = GrantChange {
        at: later(9),
        ..change(&on, &writes, &[(&world.bob, Privilege::Select)])
    };
    store.grants_apply(again, Effects::none()).await.unwrap();
    let rows = store.grants_on(&on, None, PageRequest::FIRST);
    let rows = rows.await.unwrap().items;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].created_at, NOW);
    assert_eq!(rows[0].warehouse, Some(world.catalog.warehouse));
    assert_eq!(world.version().await, given, "nothing has changed");
    for _ in 0..2 {
        apply(store, &on, &[], &[(ada, Privilege::Select)])
            .await
            .unwrap();
        assert!(given_by(store, &on).await.is_empty());
        assert_eq!(world.version().await, given.next());
    }
}

pub async fn a_change_is_made_as_a_whole(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let before = world.version().await;
    let on = Securable::Namespace(world.inner);
    let stranger = Principal::User("oidc~nobody".parse().unwrap());
    let marks = Marks::of(world.catalog.warehouse);
    let writes = [
        (&world.ada, Privilege::Select),
        (&stranger, Privilege::Select),
    ];
    let refused = store.grants_apply(change(&on, &writes, &[]), marks.effects());
    refused!(refused.await, StoreError::NotFound(Entity::User(id)) if id.as_str() == "oidc~nobody");
    marks.are_absent(store).await;
    let role = Principal::Role(model::RoleId::generate());
    let unknown = apply(store, &on, &[(&role, Privilege::Select)], &[]).await;
    refused!(unknown, StoreError::NotFound(Entity::Role(_)));
    // An unknown user cannot be given a privilege, but one can be taken back from them.
    apply(store, &on, &[], &[(&stranger, Privilege::Select)])
        .await
        .unwrap();
    for gone in [
        Securable::Project(new_project().id),
        Securable::Role(model::RoleId::generate()),
        Securable::Warehouse(model::WarehouseId::generate()),
        Securable::Namespace(NamespaceId::generate()),
        Securable::Tabular(TabularKind::Table, TabularId::generate()),
        Securable::Tabular(TabularKind::View, world.table),
    ] {
        let missing = apply(store, &gone, &[(&world.ada, Privilege::Select)], &[]).await;
        let told = format!("{missing:?}");
        let expected = StoreError::NotFound(Entity::from(&gone));
        assert_eq!(told, format!("{:?}", Err::<(), _>(expected)));
    }
    assert!(given_by(store, &on).await.is_empty());
    assert_eq!(world.version().await, before);
}

pub async fn lists_are_cut_into_stable_pages(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let (way, mut wanted) = (world.way(), Vec::new());
    for on in &way {
        for privilege in [Privilege::Select, Privilege::Describe] {
            let grant = |to: &Principal| Grant {
                on: on.clone(),
                to: to.clone(),
                privilege,
            };
            wanted.extend([grant(&world.ada), grant(&world.bob)]);
            let writes = [(&world.ada, privilege), (&world.bob, privilege)];
            apply(store, on, &writes, &[]).await.unwrap();
        }
    }
    let sorted = |mut grants: Vec<Grant>| {
        grants.sort();
        grants
    };
    for to in [None, Some(&world.ada)] {
        let of = |grant: &&Grant| grant.on == way[3] && to.is_none_or(|to| grant.to == *to);
        let expected = wanted.iter().filter(of).cloned().collect();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let size = PageSize::clamped(1);
            let page = store.grants_on(&way[3], to, PageRequest { after, size });
            let page = page.await.unwrap();
            found.extend(page.items.into_iter().map(|row| row.grant));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(sorted(found), sorted(expected));
    }
    let of = |grant: &&Grant| grant.to == world.ada && grant.on != Securable::Server;
    let expected: Vec<Grant> = wanted.iter().filter(of).cloned().collect();
    let project = &world.catalog.project;
    for size in [1, 3, 100] {
        let found = given_to(store, project, &world.ada, size).await;
        assert_eq!(sorted(found), sorted(expected.clone()), "pages of {size}");
    }
    let elsewhere = given_to(store, &new_project().id, &world.ada, 10).await;
    assert_eq!(elsewhere, []);
}

pub async fn what_lies_below_is_told_of_no_sibling(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let (way, ada) = (world.way(), &world.ada);
    let mut expected = [false; 4];
    assert_eq!(world.below(ada).await, expected);
    apply(store, &way[0], &[(ada, Privilege::Admin)], &[])
        .await
        .unwrap();
    for (depth, on) in way.iter().enumerate().skip(1) {
        apply(store, on, &[(ada, Privilege::Describe)], &[])
            .await
            .unwrap();
        expected[..depth - 1].fill(true);
        assert_eq!(world.below(ada).await, expected, "{on}");
        assert_eq!(world.below(&world.bob).await, [false; 4]);
        apply(store, on, &[], &[(ada, Privilege::Describe)])
            .await
            .unwrap();
        expected.fill(false);
        assert_eq!(world.below(ada).await, expected);
    }
    // Siblings whose names begin alike, and another warehouse.
    let (near, near_space) = (["ab"], ["a "]);
    let mut near = vec![
        Securable::Namespace(world.catalog.namespace(&near).await),
        Securable::Namespace(world.catalog.namespace(&near_space).await),
        Securable::Namespace(world.catalog.namespace(&["a", "bc"]).await),
    ];
    let other = world.catalog.other("other").await;
    let namespace = other.namespace(&["a"]).await;
    let table = other.table(namespace, "t").await;
    near.push(Securable::Tabular(TabularKind::Table, table));
    let expected = [
        [true, true, false, false],
        [true, true, false, false],
        [true, true, true, false],
        [true, false, false, false],
    ];
    for (on, expected) in near.iter().zip(expected) {
        apply(store, on, &[(ada, Privilege::Describe)], &[])
            .await
            .unwrap();
        assert_eq!(world.below(ada).await, expected, "{on}");
        apply(store, on, &[], &[(ada, Privilege::Describe)])
            .await
            .unwrap();
    }
    let gone = [
        Securable::Namespace(NamespaceId::generate()),
        Securable::Server,
    ];
    for counted in [Below::Live, Below::Kept] {
        assert_eq!(below(store, ada, &gone, counted).await, [false, false]);
    }
}

pub async fn managed_access_holds_for_all_below(store: &Arc<dyn Store>) {
    use ManagedAccess::{Off, On};
    let of = |own, effective| ManagedAccessOf { own, effective };
    let world = World::new(store).await;
    let [warehouse, outer, inner] = [&world.way()[2], &world.way()[3], &world.way()[4]];
    let marks = Marks::of(world.catalog.warehouse);
    let before = world.version().await;
    let set = store.managed_access_set(outer, On, marks.effects());
    set.await.unwrap();
    marks.are_there(store).await;
    assert_eq!(world.version().await, before.next());
    for (on, expected) in [
        (warehouse, of(Off, Off)),
        (outer, of(On, On)),
        (inner, of(Off, On)),
    ] {
        assert_eq!(store.managed_access(on).await.unwrap(), expected, "{on}");
    }
    let steps = world.path(Place::Namespace(world.inner)).await.steps;
    let managed: Vec<_> = steps.into_iter().map(|step| step.managed).collect();
    assert_eq!(managed, [Off, Off, Off, On, Off]);
    let set = store.managed_access_set(outer, Off, Effects::none());
    set.await.unwrap();
    let set = store.managed_access_set(warehouse, On, Effects::none());
    set.await.unwrap();
    assert_eq!(store.managed_access(inner).await.unwrap(), of(Off, On));
    assert_eq!(store.managed_access(warehouse).await.unwrap(), of(On, On));
    for missing in [
        Securable::Warehouse(model::WarehouseId::generate()),
        Securable::Namespace(NamespaceId::generate()),
        Securable::Server,
        world.table(),
    ] {
        let told = store.managed_access(&missing).await;
        refused!(told, StoreError::NotFound(_));
        let set = store.managed_access_set(&missing, On, Effects::none());
        refused!(set.await, StoreError::NotFound(_));
    }
}
