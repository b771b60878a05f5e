//! The removal of namespaces, alone and with what they hold.

use std::sync::Arc;

use model::{NamespaceId, Version};

use super::fixture::{Catalog, Marks, new_table, new_view, refused, swap};
use crate::{AtVersion, Effects, Entity, NamespaceDrop, NamespaceTree, Store, StoreError};

async fn tree(catalog: &Catalog, id: NamespaceId) -> NamespaceTree {
    let tree = catalog.store.namespace_tree(catalog.warehouse, id);
    tree.await.unwrap()
}

fn plain(id: NamespaceId) -> NamespaceDrop {
    NamespaceDrop {
        mode: crate::DropMode::Hard,
        at: super::fixture::NOW,
        id,
        expected: Version::FIRST,
        tree: NamespaceTree::default(),
    }
}

async fn with_tree(catalog: &Catalog, id: NamespaceId) -> NamespaceDrop {
    NamespaceDrop {
        tree: tree(catalog, id).await,
        ..plain(id)
    }
}

async fn is_there(catalog: &Catalog, id: NamespaceId) -> bool {
    let loaded = catalog.store.namespace_load(catalog.warehouse, id).await;
    match loaded {
        Ok(_) => true,
        Err(StoreError::NotFound(_)) => false,
        Err(other) => panic!("{other}"),
    }
}

/// `a` with `a.b` and `a.b.c`, a table in each, a view in `a`; and neighbours with similar names.
async fn planted(store: &Arc<dyn Store>) -> (Catalog, Vec<NamespaceId>) {
    let catalog = Catalog::new(store).await;
    let mut ids = Vec::new();
    for levels in [&["a"][..], &["a", "b"], &["a", "b", "c"]] {
        ids.push(catalog.namespace(levels).await);
    }
    for (id, text) in ids.iter().zip(["t1", "t2", "t3"]) {
        catalog.table(*id, text).await;
    }
    catalog.create(new_view(ids[0], "v")).await.unwrap();
    for levels in [&["ab"][..], &["a b"], &["a!"], &["A2"], &["ab", "b"]] {
        let id = catalog.namespace(levels).await;
        catalog.table(id, "t1").await;
    }
    let other = catalog.other("other").await;
    let id = other.namespace(&["a"]).await;
    other.table(id, "t1").await;
    (catalog, ids)
}

pub async fn a_tree_is_everything_below(store: &Arc<dyn Store>) {
    let (catalog, ids) = planted(store).await;
    let tree = tree(&catalog, ids[0]).await;
    let mut namespaces: Vec<_> = tree.namespaces.iter().map(|n| n.path.to_string()).collect();
    namespaces.sort();
    assert_eq!(namespaces, ["a.b", "a.b.c"]);
    let mut tabulars: Vec<_> = tree.tabulars.iter().map(|t| t.name.as_str()).collect();
    tabulars.sort_unstable();
    assert_eq!(tabulars, ["t1", "t2", "t3", "v"]);
    for tabular in &tree.tabulars {
        let row = catalog.load(tabular.id).await.unwrap();
        assert_eq!(tabular.version, row.version);
        assert_eq!(tabular.namespace, row.namespace);
        assert_eq!(tabular.kind, row.kind);
        assert_eq!(tabular.location, row.content.location);
        assert_eq!(tabular.protection, row.protection);
    }
    let inner = store
        .namespace_tree(catalog.warehouse, ids[2])
        .await
        .unwrap();
    assert_eq!((inner.namespaces.len(), inner.tabulars.len()), (0, 1));
    let nobody = NamespaceId::generate();
    let missing = store.namespace_tree(catalog.warehouse, nobody).await;
    refused!(missing, StoreError::NotFound(Entity::Namespace(id)) if id == nobody);
}

pub async fn an_empty_one_goes(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let id = catalog.namespace(&["a"]).await;
    let marks = Marks::of(catalog.warehouse);
    store
        .namespace_drop(plain(id), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    assert!(!is_there(&catalog, id).await);
    catalog.namespace(&["A"]).await;
}

pub async fn what_is_missing_is_not_found(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (id, marks) = (NamespaceId::generate(), Marks::of(catalog.warehouse));
    let dropped = store.namespace_drop(plain(id), marks.effects()).await;
    refused!(dropped, StoreError::NotFound(Entity::Namespace(it)) if it == id);
    marks.are_absent(store).await;
}

pub async fn what_holds_others_stays(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let marks = Marks::of(catalog.warehouse);
    let outer = catalog.namespace(&["outer"]).await;
    catalog.namespace(&["outer", "inner"]).await;
    let with_table = catalog.namespace(&["with table"]).await;
    catalog.table(with_table, "t").await;
    let with_view = catalog.namespace(&["with view"]).await;
    catalog.create(new_view(with_view, "v")).await.unwrap();
    for id in [outer, with_table, with_view] {
        let dropped = store.namespace_drop(plain(id), marks.effects()).await;
        refused!(dropped, StoreError::NotEmpty(Entity::Namespace(it)) if it == id);
        assert!(is_there(&catalog, id).await);
    }
    marks.are_absent(store).await;
}

pub async fn a_tree_goes_as_it_was_seen(store: &Arc<dyn Store>) {
    let (catalog, ids) = planted(store).await;
    let drop = with_tree(&catalog, ids[0]).await;
    let tables: Vec<_> = drop.tree.tabulars.iter().map(|t| t.id).collect();
    let marks = Marks::of(catalog.warehouse);
    store.namespace_drop(drop, marks.effects()).await.unwrap();
    marks.are_there(store).await;
    for id in ids {
        assert!(!is_there(&catalog, id).await);
    }
    for id in tables {
        refused!(catalog.load(id).await, StoreError::NotFound(_));
    }
    let top = store
        .namespace_list(catalog.warehouse, None, model::PageRequest::FIRST)
        .await
        .unwrap();
    assert_eq!(top.items.len(), 4, "neighbours stay");
}

pub async fn what_has_changed_since_is_stale(store: &Arc<dyn Store>) {
    let (catalog, ids) = planted(store).await;
    let marks = Marks::of(catalog.warehouse);
    let seen = with_tree(&catalog, ids[0]).await;
    let refuse = async |drop: &NamespaceDrop| {
        let dropped = store.namespace_drop(drop.clone(), marks.effects()).await;
        let Err(StoreError::Stale { current }) = dropped else {
            panic!("expected Stale, got {dropped:?}");
        };
        current
    };

    // A table has changed.
    let moved = seen
        .tree
        .tabulars
        .iter()
        .find(|t| t.name == "t3")
        .unwrap()
        .id;
    let row = catalog.load(moved).await.unwrap();
    catalog.swap(vec![swap(&row, "second")]).await.unwrap();
    let current = refuse(&seen).await;
    assert_eq!(current.len(), 1);
    assert_eq!(
        (current[0].id, current[0].version),
        (moved, row.version.next())
    );

    // A table is gone.
    let seen = with_tree(&catalog, ids[0]).await;
    let row = catalog.load(moved).await.unwrap();
    let gone = AtVersion::of(row.id, row.version);
    store.tabular_drop(gone, Effects::none()).await.unwrap();
    assert!(refuse(&seen).await.is_empty());

    // A namespace below has changed.
    let seen = with_tree(&catalog, ids[0]).await;
    let inner = store
        .namespace_load(catalog.warehouse, ids[1])
        .await
        .unwrap();
    store
        .namespace_update(inner, Effects::none())
        .await
        .unwrap();
    assert!(refuse(&seen).await.is_empty());

    // A namespace below is gone.
    let seen = with_tree(&catalog, ids[0]).await;
    store
        .namespace_drop(plain(ids[2]), Effects::none())
        .await
        .unwrap();
    assert!(refuse(&seen).await.is_empty());

    // The namespace itself has changed.
    let seen = with_tree(&catalog, ids[0]).await;
    let itself = store
        .namespace_load(catalog.warehouse, ids[0])
        .await
        .unwrap();
    store
        .namespace_update(itself, Effects::none())
        .await
        .unwrap();
    assert!(refuse(&seen).await.is_empty());

    marks.are_absent(store).await;
    assert_eq!(tree(&catalog, ids[0]).await.tabulars.len(), 3);
}

pub async fn what_has_come_since_keeps_it(store: &Arc<dyn Store>) {
    let (catalog, ids) = planted(store).await;
    let marks = Marks::of(catalog.warehouse);
    for (number, place) in ids.iter().enumerate() {
        let seen = with_tree(&catalog, ids[0]).await;
        let new = new_table(*place, &format!("new {number}"));
        catalog.create(new).await.unwrap();
        let dropped = store.namespace_drop(seen, marks.effects()).await;
        refused!(dropped, StoreError::NotEmpty(Entity::Namespace(id)) if id == ids[0]);
    }
    let seen = with_tree(&catalog, ids[0]).await;
    catalog.namespace(&["a", "b", "new"]).await;
    let dropped = store.namespace_drop(seen, marks.effects()).await;
    refused!(dropped, StoreError::NotEmpty(Entity::Namespace(id)) if id == ids[0]);
    marks.are_absent(store).await;
    assert_eq!(tree(&catalog, ids[0]).await.tabulars.len(), 7);
}

pub async fn a_large_tree_goes_at_once(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let id = catalog.namespace(&["a"]).await;
    for number in 0..3 {
        let inner = catalog.namespace(&["a", &format!("n{number}")]).await;
        let creates = (0..500).map(|table| new_table(inner, &format!("t{table}")));
        catalog
            .commit(creates.collect(), Vec::new(), Effects::none())
            .await
            .unwrap();
    }
    let seen = with_tree(&catalog, id).await;
    assert_eq!(seen.tree.tabulars.len(), 1_500);
    store.namespace_drop(seen, Effects::none()).await.unwrap();
    assert!(!is_there(&catalog, id).await);
}
