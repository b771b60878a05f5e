//! Moves of namespaces with everything that they hold.

use std::sync::Arc;

use model::{NamespaceId, NamespacePath, Privilege, Securable, TabularId, TabularKind, Version};

use super::fixture::{
    Catalog, Marks, NOW, apply, below, later, name, new_view, path, refused, user,
};
use super::grants::World;
use crate::{
    AtVersion, DropMode, Effects, Entity, NamespaceDrop, NamespaceMove, ResolveTarget, Result,
    Store, StoreError, TreeNamespace, Undrop,
};

/// The move to a path, as a caller prepares it from the present state.
pub(super) async fn way(catalog: &Catalog, id: NamespaceId, to: &[&str]) -> NamespaceMove {
    let (store, to) = (&catalog.store, path(to));
    let row = store.namespace_load(catalog.warehouse, id).await.unwrap();
    let tree = store.namespace_tree(catalog.warehouse, id).await.unwrap();
    let depth = row.path.levels().len();
    let below = tree.namespaces.into_iter().map(|one| TreeNamespace {
        path: one.path.moved(depth, &to).unwrap(),
        ..one
    });
    let parent = match to.parent() {
        None => None,
        Some(parent) => Some(at(catalog, &parent).await.expect("the parent is there")),
    };
    NamespaceMove {
        id,
        warehouse: catalog.warehouse,
        expected: row.version,
        parent,
        below: below.collect(),
        path: to,
        tabulars: None,
        at: later(7),
    }
}

pub(super) async fn go(catalog: &Catalog, id: NamespaceId, to: &[&str]) -> Result<()> {
    let way = way(catalog, id, to).await;
    catalog.store.namespace_move(way, Effects::none()).await
}

/// The namespace at a path.
pub(super) async fn at(catalog: &Catalog, path: &NamespacePath) -> Option<NamespaceId> {
    let target = ResolveTarget::Namespace(path.key().clone());
    catalog
        .resolve(target)
        .await
        .namespace
        .map(|stamp| stamp.id)
}

pub(super) async fn table_at(catalog: &Catalog, levels: &[&str], text: &str) -> Option<TabularId> {
    let (home, name) = (path(levels).key().clone(), name(text).key().clone());
    let found = catalog.resolve(ResolveTarget::Tabular(home, name)).await;
    found.tabular.map(|stamp| stamp.id)
}

pub(super) async fn path_of(catalog: &Catalog, id: NamespaceId) -> String {
    let row = catalog.store.namespace_load(catalog.warehouse, id).await;
    row.unwrap().path.to_string()
}

async fn soft_drop(catalog: &Catalog, id: NamespaceId) {
    let (store, warehouse) = (&catalog.store, catalog.warehouse);
    let drop = NamespaceDrop {
        id,
        expected: store.namespace_load(warehouse, id).await.unwrap().version,
        tree: store.namespace_tree(warehouse, id).await.unwrap(),
        mode: DropMode::Soft(crate::SoftDrop {
            at: NOW,
            expiry: crate::Expiry::Keep,
        }),
        at: NOW,
    };
    store.namespace_drop(drop, Effects::none()).await.unwrap();
}

async fn undrop(catalog: &Catalog, id: TabularId) {
    let found = catalog.store.deleted_find(catalog.warehouse, vec![id]);
    let version = found.await.unwrap()[0].version;
    let undrop = Undrop {
        warehouse: catalog.warehouse,
        tabulars: vec![AtVersion::of(id, version)],
        at: NOW,
    };
    catalog.store.undrop(undrop, Effects::none()).await.unwrap();
}

pub async fn all_that_is_below_goes_along(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let outer = catalog.namespace(&["A"]).await;
    let inner = catalog.namespace(&["a", "B"]).await;
    let deep = catalog.namespace(&["a", "b", "C"]).await;
    let near = catalog.namespace(&["ab"]).await;
    catalog.namespace(&["x"]).await;
    let table = catalog.table(deep, "t").await;
    let view = new_view(inner, "v");
    catalog.create(view.clone()).await.unwrap();
    let location = catalog.load(table).await.unwrap().content.location;
    let marks = Marks::of(catalog.warehouse);
    let wanted = way(&catalog, inner, &["x", "New"]).await;
    store.namespace_move(wanted, marks.effects()).await.unwrap();
    marks.are_there(store).await;
    assert_eq!(path_of(&catalog, inner).await, "x.New");
    assert_eq!(path_of(&catalog, deep).await, "x.New.C");
    assert_eq!(path_of(&catalog, outer).await, "A");
    assert_eq!(path_of(&catalog, near).await, "ab");
    for (levels, found) in [
        (&["X", "new", "c"][..], Some(table)),
        (&["a", "b", "c"], None),
    ] {
        assert_eq!(table_at(&catalog, levels, "T").await, found);
    }
    assert_eq!(table_at(&catalog, &["x", "new"], "v").await, Some(view.id));
    assert_eq!(
        catalog.load(table).await.unwrap().content.location,
        location
    );
    let row = store
        .namespace_load(catalog.warehouse, inner)
        .await
        .unwrap();
    assert_eq!(
        (row.version, row.updated_at),
        (Version::FIRST.next(), Some(later(7)))
    );
    let tree = store
        .namespace_tree(catalog.warehouse, outer)
        .await
        .unwrap();
    assert!(tree.namespaces.is_empty() && tree.tabulars.is_empty());
    // The former path is free. A namespace can also move to the top level and back.
    catalog.namespace(&["a", "b"]).await;
    go(&catalog, inner, &["top"]).await.unwrap();
    assert_eq!(path_of(&catalog, deep).await, "top.C");
    assert_eq!(table_at(&catalog, &["top", "c"], "t").await, Some(table));
    go(&catalog, inner, &["ab", "top"]).await.unwrap();
    assert_eq!(
        table_at(&catalog, &["ab", "top", "c"], "t").await,
        Some(table)
    );
}

pub async fn who_has_looked_before_looks_again(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let outer = catalog.namespace(&["a"]).await;
    let inner = catalog.namespace(&["a", "b"]).await;
    let (table, beside) = (
        catalog.table(inner, "t").await,
        catalog.namespace(&["z"]).await,
    );
    let other = catalog.table(beside, "t").await;
    let unchanged = async |id, version| {
        let target = ResolveTarget::Unchanged(id, version);
        catalog.resolve(target).await.is_unchanged
    };
    let (seen, seen_other) = (catalog.version(table).await, catalog.version(other).await);
    assert!(unchanged(table, seen).await);
    go(&catalog, outer, &["c"]).await.unwrap();
    assert!(!unchanged(table, seen).await, "it has another name");
    assert!(unchanged(other, seen_other).await);
    assert_eq!(catalog.version(table).await, seen.next());
}

pub async fn the_case_of_a_name_can_change(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let id = catalog.namespace(&["sales"]).await;
    let inner = catalog.namespace(&["sales", "eu"]).await;
    go(&catalog, id, &["SALES"]).await.unwrap();
    assert_eq!(path_of(&catalog, id).await, "SALES");
    assert_eq!(path_of(&catalog, inner).await, "SALES.eu");
    assert_eq!(at(&catalog, &path(&["sales", "EU"])).await, Some(inner));
}

pub async fn a_refused_move_changes_nothing(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let a = catalog.namespace(&["a"]).await;
    catalog.namespace(&["b"]).await;
    let inner = catalog.namespace(&["a", "x"]).await;
    catalog.namespace(&["b", "X"]).await;
    let marks = Marks::of(catalog.warehouse);
    let refuse = async |way: NamespaceMove| store.namespace_move(way, marks.effects()).await;

    let taken = way(&catalog, inner, &["b", "x"]).await;
    refused!(refuse(taken).await, StoreError::AlreadyExists(Entity::NamespacePath(it)) if it.to_string() == "b.x");
    let taken = way(&catalog, a, &["B"]).await;
    refused!(
        refuse(taken).await,
        StoreError::AlreadyExists(Entity::NamespacePath(_))
    );
    let in_itself = way(&catalog, a, &["a", "x", "a"]).await;
    refused!(refuse(in_itself).await, StoreError::Stale { .. });
    let nowhere = NamespaceMove {
        parent: Some(NamespaceId::generate()),
        ..way(&catalog, inner, &["b", "free"]).await
    };
    refused!(refuse(nowhere).await, StoreError::NotFound(Entity::NamespacePath(it)) if it.to_string() == "b");
    let elsewhere = NamespaceMove {
        parent: Some(a),
        ..way(&catalog, inner, &["b", "free"]).await
    };
    refused!(
        refuse(elsewhere).await,
        StoreError::NotFound(Entity::NamespacePath(_))
    );
    let nobody = NamespaceMove {
        id: NamespaceId::generate(),
        ..way(&catalog, inner, &["free"]).await
    };
    refused!(
        refuse(nobody).await,
        StoreError::NotFound(Entity::Namespace(_))
    );
    let other = catalog.other("other").await;
    let abroad = NamespaceMove {
        warehouse: other.warehouse,
        ..way(&catalog, inner, &["free"]).await
    };
    refused!(
        refuse(abroad).await,
        StoreError::NotFound(Entity::Namespace(_))
    );

    marks.are_absent(store).await;
    assert_eq!(path_of(&catalog, a).await, "a");
}

pub async fn what_has_changed_since_is_stale(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let a = catalog.namespace(&["a"]).await;
    let b = catalog.namespace(&["b"]).await;
    let inner = catalog.namespace(&["a", "x"]).await;
    let marks = Marks::of(catalog.warehouse);
    let refuse = async |way: NamespaceMove| store.namespace_move(way, marks.effects()).await;
    let seen = way(&catalog, a, &["b", "a"]).await;
    catalog.namespace(&["a", "new"]).await;
    refused!(refuse(seen).await, StoreError::Stale { .. });
    let seen = way(&catalog, a, &["b", "a"]).await;
    let row = store
        .namespace_load(catalog.warehouse, inner)
        .await
        .unwrap();
    store.namespace_update(row, Effects::none()).await.unwrap();
    refused!(refuse(seen).await, StoreError::Stale { .. });
    let seen = way(&catalog, a, &["b", "a"]).await;
    go(&catalog, inner, &["gone"]).await.unwrap();
    refused!(refuse(seen).await, StoreError::Stale { .. });
    let seen = way(&catalog, a, &["b", "a"]).await;
    go(&catalog, b, &["c"]).await.unwrap();
    refused!(
        refuse(seen).await,
        StoreError::NotFound(Entity::NamespacePath(_))
    );
    marks.are_absent(store).await;
    assert_eq!(path_of(&catalog, a).await, "a");
}

pub async fn only_those_tables_go_along_that_were_seen_if_that_matters(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let outer = catalog.namespace(&["a"]).await;
    let inner = catalog.namespace(&["a", "x"]).await;
    let gone = catalog.namespace(&["a", "gone"]).await;
    let (one, other) = (
        catalog.table(outer, "one").await,
        catalog.table(inner, "Other").await,
    );
    catalog.table(gone, "gone").await;
    soft_drop(&catalog, gone).await;
    let one = (outer, one, "one".to_owned());
    let other = (inner, other, "Other".to_owned());
    let marks = Marks::of(catalog.warehouse);
    let renamed = (inner, other.1, "another".to_owned());
    let elsewhere = (outer, other.1, other.2.clone());
    let new = (inner, TabularId::generate(), "new".to_owned());
    for seen in [
        vec![],
        vec![one.clone()],
        vec![one.clone(), renamed],
        vec![one.clone(), elsewhere],
        vec![one.clone(), other.clone(), new],
    ] {
        let way = NamespaceMove {
            tabulars: Some(seen.into_iter().collect()),
            ..way(&catalog, outer, &["b"]).await
        };
        refused!(
            store.namespace_move(way, marks.effects()).await,
            StoreError::Stale { .. }
        );
    }
    marks.are_absent(store).await;
    let way = NamespaceMove {
        tabulars: Some([one, other].into()),
        ..way(&catalog, outer, &["b"]).await
    };
    store.namespace_move(way, marks.effects()).await.unwrap();
    assert_eq!(path_of(&catalog, inner).await, "b.x");
}

pub async fn what_is_soft_deleted_goes_along(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let outer = catalog.namespace(&["a"]).await;
    let gone = catalog.namespace(&["a", "gone"]).await;
    let deep = catalog.namespace(&["a", "gone", "deep"]).await;
    let table = catalog.table(deep, "t").await;
    soft_drop(&catalog, gone).await;
    // Another namespace takes the dropped one's path.
    let heir = catalog.namespace(&["a", "gone"]).await;
    go(&catalog, outer, &["b"]).await.unwrap();
    assert_eq!(path_of(&catalog, heir).await, "b.gone");
    let found = store
        .deleted_find(catalog.warehouse, vec![table])
        .await
        .unwrap();
    assert_eq!(found[0].path.to_string(), "b.gone.deep");
    // A dropped namespace cannot be moved by itself. Once its path is free again, it comes back below its parent.
    let tree = store.namespace_tree(catalog.warehouse, gone).await;
    refused!(tree, StoreError::NotFound(_));
    go(&catalog, heir, &["heir"]).await.unwrap();
    undrop(&catalog, table).await;
    assert_eq!(
        table_at(&catalog, &["b", "gone", "deep"], "t").await,
        Some(table)
    );
    // Soft-deleted namespaces do not block a path.
    soft_drop(&catalog, outer).await;
    go(&catalog, heir, &["b"]).await.unwrap();
    assert_eq!(at(&catalog, &path(&["b"])).await, Some(heir));
}

pub async fn grants_lie_where_it_goes(store: &Arc<dyn Store>) {
    let world = World::new(store).await;
    let catalog = &world.catalog;
    let elsewhere = catalog.namespace(&["z"]).await;
    apply(
        store,
        &world.table(),
        &[(&world.ada, Privilege::Select)],
        &[],
    )
    .await
    .unwrap();
    let inner = Securable::Namespace(world.inner);
    apply(store, &inner, &[(&world.bob, Privilege::Select)], &[])
        .await
        .unwrap();
    let before = world.version().await;
    go(catalog, world.inner, &["z", "b"]).await.unwrap();
    assert_eq!(
        world.version().await,
        before.next(),
        "what is inherited is another"
    );
    let places = [world.outer, elsewhere, world.inner].map(Securable::Namespace);
    for (who, wanted) in [
        (&world.ada, [false, true, true]),
        (&world.bob, [false, true, false]),
    ] {
        let found = below(store, who, &places, crate::Below::Live).await;
        assert_eq!(found, wanted, "{who}");
    }
    // Also for a table further down, and for one that is undropped after the move.
    let table = catalog.table(elsewhere, "late").await;
    let on = Securable::Tabular(TabularKind::Table, table);
    let eve = user(store, "oidc~eve").await;
    apply(store, &on, &[(&eve, Privilege::Select)], &[])
        .await
        .unwrap();
    let row = catalog.load(table).await.unwrap();
    let how = crate::SoftDrop {
        at: NOW,
        expiry: crate::Expiry::Keep,
    };
    store
        .soft_drop(AtVersion::of(table, row.version), how, Effects::none())
        .await
        .unwrap();
    go(catalog, elsewhere, &["a", "z"]).await.unwrap();
    undrop(catalog, table).await;
    for who in [&world.ada, &eve] {
        let found = below(store, who, &places[..2], crate::Below::Live).await;
        assert_eq!(found, [true, true], "{who}");
    }
}

pub async fn a_path_may_not_grow_beyond_its_bound(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let mut levels = vec!["d"];
    let top = catalog.namespace(&levels).await;
    for _ in 1..31 {
        levels.push("d");
        catalog.namespace(&levels).await;
    }
    catalog.namespace(&["e"]).await;
    // The greatest depth that is allowed.
    go(&catalog, top, &["e", "d"]).await.unwrap();
    levels.insert(0, "e");
    assert!(at(&catalog, &path(&levels)).await.is_some());
    assert_eq!(levels.len(), model::Bounds::NAMESPACE_DEPTH);
}
