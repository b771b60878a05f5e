//! The feed of an external authorization engine: a receiver that applies all changes knows the facts that hold.

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use model::{Grant, NamespaceId, Principal, Privilege, RoleId, Securable, TabularKind, Version};

use super::fixture::{Catalog, NOW, apply, new_table_at, path, user};
use super::grants::World;
use super::role::role;
use crate::{
    AtVersion, Completeness, Effects, Fact, FactChange, FactKind, FactState, Fed, ManagedAccess,
    MirrorSink, NamespaceDrop, NamespaceMove, RoleMembers, Store,
};

/// A receiver that remembers the facts that hold.
#[derive(Default)]
struct Told {
    facts: Mutex<HashSet<Fact>>,
    portions: Mutex<Vec<usize>>,
}

impl Told {
    fn known(&self) -> HashSet<Fact> {
        self.facts.lock().unwrap().clone()
    }
}

#[async_trait]
impl MirrorSink for Told {
    async fn apply(&self, changes: &[FactChange]) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut facts = self.facts.lock().unwrap();
        for change in changes {
            match change.state {
                FactState::Holds => facts.insert(change.fact.clone()),
                FactState::Ended => facts.remove(&change.fact),
            };
        }
        self.portions.lock().unwrap().push(changes.len());
        Ok(())
    }
}

/// A receiver that refuses all changes.
struct Deaf;

#[async_trait]
impl MirrorSink for Deaf {
    async fn apply(&self, _: &[FactChange]) -> Result<(), Box<dyn Error + Send + Sync>> {
        Err("not now".into())
    }
}

/// Delivers all changes in the feed.
async fn feed(store: &Arc<dyn Store>, told: &Told, limit: u32) {
    loop {
        match store.mirror_feed(limit, told).await.unwrap() {
            Fed::All => return,
            Fed::More => {}
            other => panic!("{other:?}"),
        }
    }
}

/// All facts that hold, read in small pages.
async fn facts(store: &Arc<dyn Store>) -> HashSet<Fact> {
    let mut all = HashSet::new();
    let mut after: Option<Fact> = None;
    loop {
        let page = store.mirror_facts(after.as_ref(), 3).await.unwrap();
        let Some(last) = page.last().cloned() else {
            return all;
        };
        for fact in page {
            assert!(all.insert(fact.clone()), "{fact:?} comes twice");
        }
        after = Some(last);
    }
}

/// Every kind of change that decisions depend on, one after another.
async fn history(world: &World) {
    let store = &world.catalog.store;
    let (namespace, table) = (Securable::Namespace(world.inner), world.table());
    let warehouse = Securable::Warehouse(world.catalog.warehouse);
    for on in [&Securable::Server, &warehouse, &namespace, &table] {
        let given = [
            (&world.ada, Privilege::Modify),
            (&world.bob, Privilege::Describe),
        ];
        apply(store, on, &given, &[]).await.unwrap();
    }
    let taken = [(&world.bob, Privilege::Describe)];
    apply(store, &namespace, &[], &taken).await.unwrap();
    for on in [&warehouse, &namespace] {
        let managed = store.managed_access_set(on, ManagedAccess::On, Effects::none());
        managed.await.unwrap();
    }
    let managed = store.managed_access_set(&warehouse, ManagedAccess::Off, Effects::none());
    managed.await.unwrap();
    world.rename_to(world.outer).await;
    let row = store.namespace_load(world.catalog.warehouse, world.inner);
    let way = NamespaceMove {
        id: world.inner,
        warehouse: world.catalog.warehouse,
        expected: row.await.unwrap().version,
        parent: None,
        path: path(&["top"]),
        below: Vec::new(),
        tabulars: None,
        at: NOW,
    };
    store.namespace_move(way, Effects::none()).await.unwrap();
}

pub async fn whoever_takes_it_in_knows_what_is_true(store: &Arc<dyn Store>) {
    assert!(!store.mirror_is_on().await.unwrap());
    assert!(store.mirror_switch_on().await.unwrap());
    assert!(!store.mirror_switch_on().await.unwrap(), "it was on");
    assert!(store.mirror_is_on().await.unwrap());
    let told = Told::default();
    let world = World::new(store).await;
    let table = world.table();
    history(&world).await;
    feed(store, &told, 4).await;
    let portions = told.portions.lock().unwrap().clone();
    assert!(portions.iter().all(|size| *size <= 4) && portions.len() > 3);
    let known = told.known();
    assert_eq!(known, facts(store).await);
    for fact in [
        Fact::Within(table.clone(), Securable::Namespace(world.outer)),
        Fact::Managed(Securable::Namespace(world.inner)),
        Fact::Within(
            Securable::Namespace(world.inner),
            Securable::Warehouse(world.catalog.warehouse),
        ),
        Fact::Given(Grant {
            on: table,
            to: world.bob.clone(),
            privilege: Privilege::Describe,
        }),
    ] {
        assert!(known.contains(&fact), "{fact:?}");
    }
    // Dropping a thing ends all facts about it.
    let catalog = &world.catalog;
    for id in [world.outer, world.inner] {
        let tree = store.namespace_tree(catalog.warehouse, id);
        let row = store.namespace_load(catalog.warehouse, id);
        let drop = NamespaceDrop {
            mode: crate::DropMode::Hard,
            at: NOW,
            id,
            tree: tree.await.unwrap(),
            expected: row.await.unwrap().version,
        };
        store.namespace_drop(drop, Effects::none()).await.unwrap();
    }
    let Principal::User(bob) = &world.bob else {
        panic!("bob is a user");
    };
    store.user_drop(bob).await.unwrap();
    store
        .warehouse_drop((catalog.warehouse, Version::FIRST), Effects::none())
        .await
        .unwrap();
    feed(store, &told, 100).await;
    let known = told.known();
    assert_eq!(known, facts(store).await);
    let of_warehouse = |fact: &&Fact| fact.columns().0.starts_with("warehouse/");
    assert_eq!(known.iter().find(of_warehouse), None);
    assert!(
        !known
            .iter()
            .any(|fact| fact.columns().2 == world.bob.to_string())
    );
}

pub async fn a_table_that_is_replaced_by_itself_is_still_known(store: &Arc<dyn Store>) {
    store.mirror_switch_on().await.unwrap();
    let told = Told::default();
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let id = catalog.table(home, "t").await;
    let on = Securable::Tabular(TabularKind::Table, id);
    let ada = user(store, "oidc~ada").await;
    apply(store, &on, &[(&ada, Privilege::Select)], &[])
        .await
        .unwrap();
    let mut again = new_table_at(home, "t", "s3://bucket/elsewhere");
    again.id = id;
    again.replaces = Some(AtVersion::of(id, catalog.version(id).await));
    again.version = catalog.version(id).await.next();
    catalog.create(again).await.unwrap();
    feed(store, &told, 100).await;
    let known = told.known();
    assert_eq!(known, facts(store).await);
    assert!(known.contains(&Fact::Within(on, Securable::Namespace(home))));
}

pub async fn what_is_not_taken_in_comes_again(store: &Arc<dyn Store>) {
    store.mirror_switch_on().await.unwrap();
    let told = Told::default();
    Catalog::new(store).await;
    for _ in 0..2 {
        let refused = store.mirror_feed(100, &Deaf).await.unwrap();
        assert!(matches!(refused, Fed::Refused(_)), "{refused:?}");
    }
    feed(store, &told, 100).await;
    assert_eq!(told.known(), facts(store).await);
    feed(store, &told, 100).await;
    assert_eq!(told.portions.lock().unwrap().len(), 1, "and then no more");
}

pub async fn nothing_is_recorded_while_it_is_off(store: &Arc<dyn Store>) {
    let told = Told::default();
    let catalog = Catalog::new(store).await;
    let off = store.mirror_feed(100, &told).await.unwrap();
    assert!(matches!(off, Fed::Off), "{off:?}");
    store.mirror_switch_on().await.unwrap();
    feed(store, &told, 100).await;
    assert!(told.portions.lock().unwrap().is_empty());
    catalog.namespace(&["a"]).await;
    store.mirror_switch_off().await.unwrap();
    store.mirror_switch_on().await.unwrap();
    feed(store, &told, 100).await;
    assert!(
        told.portions.lock().unwrap().is_empty(),
        "switching it off empties it"
    );
}

/// Facts of every kind, several of most kinds.
async fn of_every_kind(world: &World) {
    let (store, catalog) = (&world.catalog.store, &world.catalog);
    history(world).await;
    let warehouse = Securable::Warehouse(catalog.warehouse);
    let managed = store.managed_access_set(&warehouse, ManagedAccess::On, Effects::none());
    managed.await.unwrap();
    let members = vec![world.ada.clone(), world.bob.clone()];
    for text in ["one", "two"] {
        catalog.tag(text).await;
        let role = role(store, &catalog.project, text).await;
        let members = RoleMembers {
            role,
            members: members.clone(),
        };
        let added = store.role_members_add(members, 10, Effects::none());
        added.await.unwrap();
    }
}

pub async fn how_much_is_known_is_told_until_it_is_switched_off(store: &Arc<dyn Store>) {
    let known = async || store.mirror_completeness().await.unwrap();
    let told = async |completeness| store.mirror_set_completeness(completeness).await.unwrap();
    told(Completeness::Complete).await;
    assert_eq!(known().await, Completeness::Partial, "it is off");
    store.mirror_switch_on().await.unwrap();
    assert_eq!(known().await, Completeness::Partial, "nobody has said more");
    for completeness in [
        Completeness::Complete,
        Completeness::Partial,
        Completeness::Complete,
    ] {
        told(completeness).await;
        assert_eq!(known().await, completeness);
    }
    assert!(!store.mirror_switch_on().await.unwrap());
    assert_eq!(known().await, Completeness::Complete, "it was on");
    store.mirror_switch_off().await.unwrap();
    store.mirror_switch_on().await.unwrap();
    assert_eq!(known().await, Completeness::Partial);
}

pub async fn what_is_looked_at_again_is_fed_as_it_is_now(store: &Arc<dyn Store>) {
    let told = Told::default();
    let world = World::new(store).await;
    of_every_kind(&world).await;
    let known = facts(store).await;
    let kinds: HashSet<_> = known
        .iter()
        .filter_map(Fact::key)
        .map(|key| key.0)
        .collect();
    assert_eq!(kinds.len(), FactKind::ALL.len());
    let elsewhere = Securable::Namespace(NamespaceId::generate());
    let view = Securable::Tabular(TabularKind::View, world.table);
    let ended = [
        Fact::Within(world.table(), elsewhere.clone()),
        Fact::Within(view, Securable::Namespace(world.outer)),
        Fact::Within(Securable::Server, elsewhere.clone()),
        Fact::Managed(elsewhere.clone()),
        Fact::Managed(Securable::Namespace(world.outer)),
        Fact::Given(Grant {
            on: world.table(),
            to: world.bob.clone(),
            privilege: Privilege::Ownership,
        }),
        Fact::Member(RoleId::generate(), world.ada.clone()),
    ];
    store.mirror_switch_on().await.unwrap();
    told.facts.lock().unwrap().extend(ended.clone());
    let again: Vec<_> = known.iter().cloned().chain(ended).collect();
    store.mirror_recheck(&again).await.unwrap();
    feed(store, &told, 100).await;
    assert_eq!(told.known(), known);
}
