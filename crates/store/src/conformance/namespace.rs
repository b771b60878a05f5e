//! Namespaces: creation, lists, changes.

use std::sync::Arc;

use model::{Bounds, NamespaceId, Page, PageRequest, PageSize, PageToken, Version, WarehouseId};

use super::fixture::{Catalog, Marks, later, path, properties, refused};
use crate::{
    Effects, Entity, ListedNamespace, NamespaceRow, NewNamespace, Protection, Store, StoreError,
};

async fn page(
    catalog: &Catalog,
    parent: Option<NamespaceId>,
    after: Option<PageToken>,
    size: u64,
) -> Page<ListedNamespace> {
    let size = PageSize::clamped(size);
    let request = PageRequest { after, size };
    let listed = catalog
        .store
        .namespace_list(catalog.warehouse, parent, request);
    listed.await.unwrap()
}

fn paths(page: &Page<ListedNamespace>) -> Vec<String> {
    let items = page.items.iter();
    items.map(|namespace| namespace.path.to_string()).collect()
}

async fn load(catalog: &Catalog, id: NamespaceId) -> NamespaceRow {
    let loaded = catalog.store.namespace_load(catalog.warehouse, id);
    loaded.await.unwrap()
}

pub async fn what_was_created_is_loaded(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let outer = catalog.namespace(&["Outer"]).await;
    let marks = Marks::of(catalog.warehouse);
    let wanted = NewNamespace {
        properties: properties(&[("owner", "Ünï 'x' \"y\""), ("empty", ""), ("a.b", "1")]),
        ..catalog.new_namespace(&["oUTER", "Inner"])
    };
    store
        .namespace_create(wanted.clone(), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    let loaded = load(&catalog, wanted.id).await;
    assert_eq!(loaded.id, wanted.id);
    assert_eq!(loaded.warehouse, catalog.warehouse);
    assert_eq!(loaded.path.levels(), ["oUTER", "Inner"]);
    assert_eq!(loaded.properties, wanted.properties);
    assert_eq!(loaded.protection, Protection::Off);
    assert_eq!(loaded.version, Version::FIRST);
    assert_eq!(loaded.updated_at, None);
    let listed = page(&catalog, Some(outer), None, 10).await;
    assert_eq!(paths(&listed), ["oUTER.Inner"]);
    assert_eq!(listed.items[0].id, wanted.id);
}

pub async fn it_needs_its_warehouse_and_parent(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let marks = Marks::without_task();
    let elsewhere = NewNamespace {
        warehouse: WarehouseId::generate(),
        ..catalog.new_namespace(&["a"])
    };
    let created = store
        .namespace_create(elsewhere.clone(), marks.effects())
        .await;
    refused!(created, StoreError::NotFound(Entity::Warehouse(id)) if id == elsewhere.warehouse);
    let parent = catalog.namespace(&["a"]).await;
    let orphan = catalog.new_namespace(&["a", "b", "c"]);
    let created = store.namespace_create(orphan, marks.effects()).await;
    refused!(created, StoreError::NotFound(Entity::NamespacePath(it)) if it.levels() == ["a", "b"]);
    let within = |parent| NewNamespace {
        parent: Some(parent),
        ..catalog.new_namespace(&["a", "b"])
    };
    let other = within(catalog.namespace(&["b"]).await);
    let created = store.namespace_create(other, marks.effects()).await;
    refused!(created, StoreError::NotFound(Entity::NamespacePath(it)) if it.levels() == ["a"]);
    marks.are_absent(store).await;
    let created = store.namespace_create(within(parent), Effects::none());
    created.await.unwrap();
}

pub async fn paths_are_unique_but_for_case(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let first = catalog.namespace(&["Straße"]).await;
    let marks = Marks::of(catalog.warehouse);
    let twin = catalog.new_namespace(&["STRASSE"]);
    let created = store.namespace_create(twin, marks.effects()).await;
    refused!(created, StoreError::AlreadyExists(Entity::NamespacePath(it)) if it.levels() == ["STRASSE"]);
    let same_id = NewNamespace {
        id: first,
        ..catalog.new_namespace(&["other"])
    };
    let created = store.namespace_create(same_id, marks.effects()).await;
    refused!(created, StoreError::AlreadyExists(Entity::Namespace(id)) if id == first);
    marks.are_absent(store).await;
    catalog.namespace(&["strasse", "É"]).await;
    let twin = catalog.new_namespace(&["STRASSE", "é"]);
    let created = store.namespace_create(twin, Effects::none()).await;
    refused!(created, StoreError::AlreadyExists(_));
    assert_eq!(load(&catalog, first).await.path.levels(), ["Straße"]);
}

pub async fn warehouses_do_not_see_each_other(store: &Arc<dyn Store>) {
    let one = Catalog::new(store).await;
    let other = one.other("other").await;
    let here = one.namespace(&["a"]).await;
    let there = other.namespace(&["A"]).await;
    assert_eq!(paths(&page(&one, None, None, 10).await), ["a"]);
    assert_eq!(paths(&page(&other, None, None, 10).await), ["A"]);
    assert!(page(&other, Some(here), None, 10).await.items.is_empty());
    let loaded = store.namespace_load(other.warehouse, here).await;
    refused!(loaded, StoreError::NotFound(Entity::Namespace(id)) if id == here);
    let foreign = NamespaceRow {
        warehouse: one.warehouse,
        ..load(&other, there).await
    };
    let updated = store.namespace_update(foreign, Effects::none()).await;
    refused!(updated, StoreError::NotFound(Entity::Namespace(id)) if id == there);
    let nowhere = store
        .namespace_list(WarehouseId::generate(), None, PageRequest::FIRST)
        .await
        .unwrap();
    assert!(nowhere.items.is_empty());
}

pub async fn odd_and_long_names_are_kept(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let longest = "x".repeat(Bounds::NAME_BYTES);
    for odd in [
        "a.b", "a/b", "a b", " ", "%", "_", "'", "\"", "\\", "a%2Fb", "🦀", "日本", "[1]", &longest,
    ] {
        let id = catalog.namespace(&[odd]).await;
        assert_eq!(load(&catalog, id).await.path.levels(), [odd]);
        let inner = catalog.namespace(&[odd, odd]).await;
        assert_eq!(load(&catalog, inner).await.path.levels(), [odd, odd]);
        let children = page(&catalog, Some(id), None, 10).await;
        assert_eq!(children.items.len(), 1, "{odd}");
    }
    let level = "y".repeat(Bounds::NAME_BYTES - 1);
    let longest = [level.as_str(); Bounds::NAMESPACE_BYTES / Bounds::NAME_BYTES];
    for depth in 1..=longest.len() {
        catalog.namespace(&longest[..depth]).await;
    }
    let deepest = ["d"; Bounds::NAMESPACE_DEPTH];
    for depth in 1..=deepest.len() {
        catalog.namespace(&deepest[..depth]).await;
    }
}

pub async fn lists_show_direct_children_only(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let a = catalog.namespace(&["a"]).await;
    for levels in [
        &["ab"][..],
        &["a b"],
        &["a!"],
        &["b"],
        &["a", "x"],
        &["a", "y"],
        &["a", "x", "deep"],
        &["ab", "z"],
    ] {
        catalog.namespace(levels).await;
    }
    let top = page(&catalog, None, None, 100).await;
    assert_eq!(paths(&top), ["a", "a b", "a!", "ab", "b"]);
    let inner = page(&catalog, Some(a), None, 100).await;
    assert_eq!(paths(&inner), ["a.x", "a.y"]);
    assert!(inner.next.is_none());
    let nobody = page(&catalog, Some(NamespaceId::generate()), None, 100).await;
    assert!(nobody.items.is_empty() && nobody.next.is_none());
}

pub async fn lists_are_cut_into_pages_by_folded_path(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    for text in ["b", "A", "c", "Ä", "a_", "AB", "z"] {
        catalog.namespace(&[text]).await;
        catalog.namespace(&[text, "inner"]).await;
    }
    for size in [1, 2, 3, 7, 8] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = page(&catalog, None, after, size).await;
            found.extend(paths(&page));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(
            found,
            ["A", "a_", "AB", "b", "c", "z", "Ä"],
            "pages of {size}"
        );
    }
}

pub async fn pages_stay_stable_under_change(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let mut ids = Vec::new();
    for text in ["b", "d", "f", "h"] {
        ids.push(catalog.namespace(&[text]).await);
    }
    let first = page(&catalog, None, None, 2).await;
    assert_eq!(paths(&first), ["b", "d"]);
    // Drop the last item of the first page, and create others before and after it.
    let drop = crate::NamespaceDrop {
        mode: crate::DropMode::Hard,
        at: super::fixture::NOW,
        id: ids[1],
        expected: Version::FIRST,
        tree: crate::NamespaceTree::default(),
    };
    store.namespace_drop(drop, Effects::none()).await.unwrap();
    catalog.namespace(&["a"]).await;
    catalog.namespace(&["e"]).await;
    let second = page(&catalog, None, first.next, 2).await;
    assert_eq!(paths(&second), ["e", "f"]);
    let third = page(&catalog, None, second.next, 2).await;
    assert_eq!(paths(&third), ["h"]);
    assert!(third.next.is_none());
}

pub async fn an_update_replaces_properties_and_protection(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let id = catalog.namespace(&["a"]).await;
    let marks = Marks::of(catalog.warehouse);
    let wanted = NamespaceRow {
        properties: properties(&[("k", "v")]),
        protection: Protection::On,
        updated_at: Some(later(3)),
        path: path(&["ignored"]),
        ..load(&catalog, id).await
    };
    store
        .namespace_update(wanted.clone(), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    let loaded = load(&catalog, id).await;
    assert_eq!(loaded.version, wanted.version.next());
    assert_eq!(loaded.properties, wanted.properties);
    assert_eq!(loaded.protection, Protection::On);
    assert_eq!(loaded.updated_at, Some(later(3)));
    assert_eq!(loaded.path.levels(), ["a"]);
    let listed = page(&catalog, None, None, 10).await;
    assert_eq!(listed.items[0].protection, Protection::On);
}

pub async fn a_stale_or_pointless_update_is_refused(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let id = catalog.namespace(&["a"]).await;
    let row = load(&catalog, id).await;
    store
        .namespace_update(row.clone(), Effects::none())
        .await
        .unwrap();
    let marks = Marks::of(catalog.warehouse);
    let late = NamespaceRow {
        properties: properties(&[("late", "")]),
        ..row.clone()
    };
    let updated = store.namespace_update(late, marks.effects()).await;
    refused!(updated, StoreError::Stale { current } if current.is_empty());
    let gone = NamespaceRow {
        id: NamespaceId::generate(),
        ..row
    };
    let updated = store.namespace_update(gone.clone(), marks.effects()).await;
    refused!(updated, StoreError::NotFound(Entity::Namespace(it)) if it == gone.id);
    marks.are_absent(store).await;
    assert!(load(&catalog, id).await.properties.is_empty());
}

pub async fn as_many_properties_as_allowed_are_kept(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let value = "v".repeat(Bounds::PROPERTIES_BYTES / Bounds::PROPERTIES - 8);
    let properties: model::Properties = (0..Bounds::PROPERTIES)
        .map(|number| (format!("k{number}"), value.clone()))
        .collect();
    let new = NewNamespace {
        properties: properties.clone(),
        ..catalog.new_namespace(&["ns"])
    };
    let id = new.id;
    store.namespace_create(new, Effects::none()).await.unwrap();
    assert!(load(&catalog, id).await.properties == properties);
}
