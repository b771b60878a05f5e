//! When grants begin, move and end, and when they increment the grants version.

use std::sync::Arc;

use model::{
    PageRequest, Principal, Privilege, ProjectId, Securable, TabularKind, UserId, Version,
};

use super::fixture::{
    Catalog, NOW, apply, below, given_by, given_to, giving, later, new_project, new_table,
    new_view, new_warehouse, refused, user,
};
use super::grants::World;
use super::soft_deletion::{soft_drop, undrop};
use crate::{
    AtVersion, Below, Effects, Entity, NamespaceDrop, NewTabular, Place, ProjectRow, ResolveTarget,
    Store, StoreError,
};

/// An effect that gives ownership of a created thing.
fn owned(on: Securable, by: &Principal) -> Effects {
    giving(on, by, Privilege::Ownership)
}

pub async fn whoever_makes_a_thing_is_given_it_at_once(store: &Arc<dyn Store>) {
    let ada = user(store, "oidc~ada").await;
    let admin = giving(Securable::Server, &ada, Privilege::Operator);
    let default = new_project();
    let booted = store.server_bootstrap(NOW, Some(default.clone()), admin);
    booted.await.unwrap();
    let project = new_project();
    let on_project = Securable::Project(project.id.clone());
    let made = store.project_create(project.clone(), owned(on_project.clone(), &ada));
    made.await.unwrap();
    let warehouse = new_warehouse(&project.id, "warehouse");
    let catalog = Catalog {
        store: Arc::clone(store),
        project: project.id.clone(),
        warehouse: warehouse.id,
    };
    let on_warehouse = Securable::Warehouse(warehouse.id);
    let made = store.warehouse_create(warehouse, owned(on_warehouse.clone(), &ada));
    made.await.unwrap();
    let namespace = catalog.new_namespace(&["a"]);
    let (home, on_namespace) = (namespace.id, Securable::Namespace(namespace.id));
    let made = store.namespace_create(namespace, owned(on_namespace.clone(), &ada));
    made.await.unwrap();
    let (table, view) = (new_table(home, "t"), new_view(home, "v"));
    let on = |new: &NewTabular| Securable::Tabular(new.kind, new.id);
    let (on_table, on_view) = (on(&table), on(&view));
    let alone = catalog.commit(vec![table], Vec::new(), owned(on_table.clone(), &ada));
    alone.await.unwrap();
    let others = vec![view, new_table(home, "u")];
    let together = catalog.commit(others, Vec::new(), owned(on_view.clone(), &ada));
    together.await.unwrap();
    let row = catalog.resolve(ResolveTarget::Warehouse).await;
    assert_eq!(row.warehouse.unwrap().grants, Version::FIRST);
    let all = [on_project, on_warehouse, on_namespace, on_table, on_view];
    for on in &all {
        let rows = store.grants_on(on, None, PageRequest::FIRST).await.unwrap();
        assert_eq!(rows.items.len(), 1, "{on}");
        assert_eq!(rows.items[0].grant.privilege, Privilege::Ownership);
        assert!(rows.items[0].created_at >= NOW);
    }
    assert_eq!(given_by(store, &Securable::Server).await.len(), 1);
    assert_eq!(given_to(store, &project.id, &ada, 2).await.len(), all.len());
    let found = below(store, &ada, &all[..3], Below::Live).await;
    assert_eq!(found, [true; 3]);
}

pub async fn a_refused_creation_gives_nothing(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let on = world.table();
    // Creations with the id of an existing table, in another warehouse and in the same one.
    let other = world.catalog.other("other").await;
    let home = other.namespace(&["x"]).await;
    for (catalog, home, text) in [(&other, home, "x"), (&world.catalog, world.outer, "y")] {
        let twin = NewTabular {
            id: world.table,
            ..new_table(home, text)
        };
        for twins in [vec![twin.clone()], vec![new_table(home, "z"), twin]] {
            let refused = catalog.commit(twins, Vec::new(), owned(on.clone(), &world.bob));
            refused!(refused.await, StoreError::AlreadyExists(Entity::Tabular(_)));
        }
    }
    assert!(given_by(store, &on).await.is_empty());
}

pub async fn grants_end_with_what_they_are_on(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let view = new_view(world.inner, "v");
    let on_view = Securable::Tabular(TabularKind::View, view.id);
    world.catalog.create(view.clone()).await.unwrap();
    let mut all = world.way();
    all.push(on_view.clone());
    for on in &all {
        apply(store, on, &[(&world.ada, Privilege::Describe)], &[])
            .await
            .unwrap();
    }
    let left = || async {
        let mut left = Vec::new();
        for on in &all {
            if !given_by(store, on).await.is_empty() {
                left.push(on.clone());
            }
        }
        left
    };
    let dropped = store.tabular_drop(AtVersion::of(view.id, Version::FIRST), Effects::none());
    dropped.await.unwrap();
    assert_eq!(left().await, all[..6]);
    // A view that is created again with its former id has none of its former grants.
    let before = world.version().await;
    let again = NewTabular {
        version: Version::of_reused_id(later(7)),
        ..view.clone()
    };
    let owner = owned(on_view.clone(), &world.bob);
    let made = world.catalog.commit(vec![again.clone()], Vec::new(), owner);
    made.await.unwrap();
    assert_eq!(
        given_by(store, &on_view).await,
        [(world.bob.clone(), Privilege::Ownership)]
    );
    assert!(
        world.version().await > before,
        "cached rights are about the one that was"
    );
    // Neither has a view that replaces it and takes its id.
    let replacing = NewTabular {
        replaces: Some(AtVersion::of(again.id, again.version)),
        version: Version::of_reused_id(later(8)),
        ..again
    };
    let owner = owned(on_view.clone(), &world.ada);
    let made = world.catalog.commit(vec![replacing], Vec::new(), owner);
    made.await.unwrap();
    assert_eq!(
        given_by(store, &on_view).await,
        [(world.ada.clone(), Privilege::Ownership)]
    );
    let tree = store.namespace_tree(world.catalog.warehouse, world.outer);
    let drop = NamespaceDrop {
        mode: crate::DropMode::Hard,
        at: NOW,
        id: world.outer,
        expected: Version::FIRST,
        tree: tree.await.unwrap(),
    };
    store.namespace_drop(drop, Effects::none()).await.unwrap();
    assert_eq!(left().await, all[..3]);
    let dropped = store.warehouse_drop((world.catalog.warehouse, Version::FIRST), Effects::none());
    dropped.await.unwrap();
    assert_eq!(left().await, all[..2]);
    let project = &world.catalog.project;
    store.project_drop(project, Effects::none()).await.unwrap();
    assert_eq!(left().await, all[..1]);
    assert_eq!(given_to(store, project, &world.ada, 10).await, []);
}

pub async fn grants_end_with_whom_they_were_given_to(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    for on in &world.way()[1..] {
        let writes = [
            (&world.ada, Privilege::Select),
            (&world.bob, Privilege::Select),
        ];
        apply(store, on, &writes, &[]).await.unwrap();
    }
    let before = world.version().await;
    store.user_drop(&"oidc~ada".parse().unwrap()).await.unwrap();
    for on in &world.way()[1..] {
        assert_eq!(
            given_by(store, on).await,
            [(world.bob.clone(), Privilege::Select)]
        );
    }
    assert_eq!(world.version().await, before.next());
    // A user that is created again has no grants.
    let ada = user(store, "oidc~ada").await;
    assert_eq!(given_to(store, &world.catalog.project, &ada, 10).await, []);
    store.user_drop(&"oidc~ada".parse().unwrap()).await.unwrap();
    assert_eq!(world.version().await, before.next(), "nobody had anything");
}

/// The creator of a thing owns it even if the catalog has no row for this user.
pub async fn what_nobody_known_has_been_given_ends_with_being_forgotten(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let stranger: UserId = "oidc~stranger".parse().unwrap();
    let to = Principal::User(stranger.clone());
    let table = new_table(world.outer, "made");
    let on = Securable::Tabular(TabularKind::Table, table.id);
    let owner = owned(on.clone(), &to);
    let made = world.catalog.commit(vec![table], Vec::new(), owner);
    made.await.unwrap();
    assert_eq!(given_by(store, &on).await.len(), 1);
    let before = world.version().await;
    store.user_drop(&stranger).await.unwrap();
    assert_eq!(given_by(store, &on).await, []);
    assert_eq!(world.version().await, before.next());
    refused!(
        store.user_drop(&stranger).await,
        StoreError::NotFound(Entity::User(_))
    );
    assert_eq!(world.version().await, before.next());
}

/// Grants on soft-deleted things count again after an undrop, so they can be listed and taken back meanwhile.
pub async fn grants_on_what_is_soft_deleted_are_found_and_taken_back(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let project = &world.catalog.project;
    let way = world.way();
    let on = world.table();
    for (who, on) in [(&world.ada, &on), (&world.bob, &on), (&world.bob, &way[1])] {
        apply(store, on, &[(who, Privilege::Ownership)], &[])
            .await
            .unwrap();
    }
    let Securable::Tabular(_, id) = on else {
        panic!("{on} is no table")
    };
    soft_drop(&world.catalog, id).await;
    for (counted, expected) in [(Below::Live, false), (Below::Kept, true)] {
        let found = below(store, &world.ada, &way[1..5], counted).await;
        assert_eq!(found, [expected; 4], "{counted:?}");
    }
    for size in [1, 10] {
        assert_eq!(given_to(store, project, &world.ada, size).await.len(), 1);
        let found = given_to(store, project, &world.bob, size).await;
        let found: Vec<_> = found.into_iter().map(|grant| grant.on).collect();
        assert_eq!(found, [way[1].clone(), on.clone()], "in the same order");
    }
    apply(store, &on, &[], &[(&world.ada, Privilege::Ownership)])
        .await
        .unwrap();
    assert_eq!(given_to(store, project, &world.ada, 10).await, []);
    let found = below(store, &world.ada, &way[1..5], Below::Kept).await;
    assert_eq!(found, [false; 4]);
    undrop(&world.catalog, &[id]).await.unwrap();
    assert_eq!(world.below(&world.ada).await, [false; 4]);
    assert_eq!(world.below(&world.bob).await, [true; 4]);
}

pub async fn grants_move_with_what_they_are_on(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let elsewhere = world.catalog.namespace(&["z"]).await;
    apply(
        store,
        &world.table(),
        &[(&world.ada, Privilege::Select)],
        &[],
    )
    .await
    .unwrap();
    let before = world.version().await;
    world.rename_to(world.inner).await;
    assert_eq!(world.version().await, before, "it has not moved");
    assert_eq!(world.below(&world.ada).await, [true; 4]);
    world.rename_to(elsewhere).await;
    assert_eq!(world.version().await, before.next());
    assert_eq!(world.below(&world.ada).await, [true, true, false, false]);
    let on = [Securable::Namespace(elsewhere)];
    let found = below(store, &world.ada, &on, Below::Live).await;
    assert_eq!(found, [true]);
    assert_eq!(
        given_to(store, &world.catalog.project, &world.ada, 1)
            .await
            .len(),
        1
    );
}

pub async fn a_change_steps_the_version_where_it_counts(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let near = world.catalog.other("near").await;
    let project = ProjectRow {
        id: ProjectId::generate(),
        ..new_project()
    };
    store
        .project_create(project.clone(), Effects::none())
        .await
        .unwrap();
    let far = new_warehouse(&project.id, "far");
    let all = [world.catalog.warehouse, near.warehouse, far.id];
    store.warehouse_create(far, Effects::none()).await.unwrap();
    let versions = || async {
        let places = all.map(Place::Warehouse);
        let found = store.grants_on_paths(&[], &places).await.unwrap();
        found
            .into_iter()
            .map(|one| one.unwrap().version.as_i64())
            .collect::<Vec<_>>()
    };
    let mut expected = vec![1, 1, 1];
    assert_eq!(versions().await, expected);
    for (depth, on) in world.way().iter().enumerate() {
        apply(store, on, &[(&world.ada, Privilege::Select)], &[])
            .await
            .unwrap();
        let reached = match depth {
            0 => 3,
            1 => 2,
            _ => 1,
        };
        for version in &mut expected[..reached] {
            *version += 1;
        }
        assert_eq!(versions().await, expected, "{on}");
    }
    let update = store.warehouse_load(all[0]).await.unwrap();
    store
        .warehouse_update(update, Effects::none())
        .await
        .unwrap();
    assert_eq!(versions().await, expected, "an update leaves it");
    store.user_drop(&"oidc~ada".parse().unwrap()).await.unwrap();
    for version in &mut expected {
        *version += 1;
    }
    assert_eq!(
        versions().await,
        expected,
        "there was something on the server"
    );
}
