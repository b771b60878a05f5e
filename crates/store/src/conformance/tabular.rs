//! Tables and views: creation, lists and changes one by one.

use std::sync::Arc;

use model::{NamespaceId, Page, PageRequest, PageSize, PageToken, TabularId, TabularKind, Version};

use super::fixture::{
    Catalog, Marks, content, later, name, new_generic_table, new_table, new_table_at, new_view,
    path, refused, swap, text_of,
};
use crate::{
    AtVersion, Effects, Entity, ListedTabular, NewTabular, Protection, ResolveTarget, Store,
    StoreError, TabularRename, TabularRow,
};

async fn page(
    catalog: &Catalog,
    namespace: NamespaceId,
    kind: TabularKind,
    after: Option<PageToken>,
    size: u64,
) -> Page<ListedTabular> {
    let size = PageSize::clamped(size);
    let request = PageRequest { after, size };
    let listed = catalog.store.tabular_list(namespace, kind, request);
    listed.await.unwrap()
}

fn names(page: &Page<ListedTabular>) -> Vec<&str> {
    page.items.iter().map(|item| item.name.as_str()).collect()
}

fn rename(row: &TabularRow, namespace: NamespaceId, text: &str) -> TabularRename {
    TabularRename {
        id: row.id,
        expected: row.version,
        namespace,
        found_at: None,
        name: name(text),
        at: later(7),
    }
}

pub async fn what_was_created_is_loaded(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let marks = Marks::of(catalog.warehouse);
    let new = NewTabular {
        kind: TabularKind::View,
        content: content("s3://Bucket/Odd Place/ü/", "as written"),
        ..new_table_at(namespace, "Tábla 'x'", "s3://bucket/odd place/ü")
    };
    catalog
        .commit(vec![new.clone()], Vec::new(), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    let row = catalog.load(new.id).await.unwrap();
    assert_eq!((row.id, row.warehouse), (new.id, catalog.warehouse));
    assert_eq!((row.namespace, row.kind), (namespace, TabularKind::View));
    assert_eq!(row.name, "Tábla 'x'");
    assert_eq!(row.protection, Protection::Off);
    assert_eq!((row.version, row.updated_at), (Version::FIRST, None));
    assert_eq!(row.content.location, new.content.location);
    assert_eq!(row.content.metadata_location, new.content.metadata_location);
    assert_eq!(row.content.metadata, new.content.metadata);
}

pub async fn another_warehouse_does_not_have_it(store: &Arc<dyn Store>) {
    let one = Catalog::new(store).await;
    let other = one.other("other").await;
    let namespace = one.namespace(&["ns"]).await;
    let id = one.table(namespace, "t").await;
    refused!(other.load(id).await, StoreError::NotFound(Entity::Tabular(it)) if it == id);
    let nobody = TabularId::generate();
    refused!(one.load(nobody).await, StoreError::NotFound(Entity::Tabular(it)) if it == nobody);
}

pub async fn lists_show_one_kind_in_pages_by_folded_name(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let inner = catalog.namespace(&["ns", "inner"]).await;
    for text in ["b", "A", "Ä", "a_", "AB", "z", "c"] {
        catalog.table(namespace, text).await;
        let view = new_view(namespace, &format!("view of {text}"));
        catalog.create(view).await.unwrap();
    }
    catalog.table(inner, "deep").await;
    for size in [1, 3, 7, 8] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = page(&catalog, namespace, TabularKind::Table, after, size).await;
            found.extend(names(&page).into_iter().map(str::to_owned));
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
    let views = page(&catalog, namespace, TabularKind::View, None, 100).await;
    assert_eq!(views.items.len(), 7);
    let nowhere = NamespaceId::generate();
    let none = page(&catalog, nowhere, TabularKind::Table, None, 100).await;
    assert!(none.items.is_empty() && none.next.is_none());
}

pub async fn lists_at_the_same_time_get_each_its_own_page(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let mut wanted = Vec::new();
    for at in 0..30_usize {
        let namespace = catalog.namespace(&[&format!("ns{at}")]).await;
        for text in ["b", "a", "c"].into_iter().take(at % 4) {
            catalog.table(namespace, &format!("{text}{at}")).await;
        }
        wanted.push((at, namespace));
    }
    let pages: Vec<_> = wanted
        .into_iter()
        .map(|(at, namespace)| {
            let request = PageRequest {
                after: (at % 3 == 1).then(|| PageToken::after(format!("a{at}"))),
                size: PageSize::clamped(1 + at as u64 % 5),
            };
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let listed = store.tabular_list(namespace, TabularKind::Table, request);
                (at, listed.await.unwrap())
            })
        })
        .collect();
    for page in pages {
        let (at, page) = page.await.unwrap();
        let mut expected: Vec<_> = ["b", "a", "c"]
            .into_iter()
            .take(at % 4)
            .filter(|text| at % 3 != 1 || *text > "a")
            .map(|text| format!("{text}{at}"))
            .collect();
        expected.sort_unstable();
        let (size, all) = (1 + at % 5, expected.len());
        expected.truncate(size);
        assert_eq!(names(&page), expected, "{at}");
        let last = (all > size).then(|| expected[size - 1].as_str());
        assert_eq!(page.next.as_ref().map(PageToken::as_key), last, "{at}");
    }
}

pub async fn a_generic_table_is_told_with_its_format(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let new = new_generic_table(namespace, "Vectors");
    catalog.create(new.clone()).await.unwrap();
    catalog.table(namespace, "t").await;
    let all = page(&catalog, namespace, TabularKind::GenericTable, None, 100).await;
    let listed = ListedTabular {
        id: new.id,
        name: "Vectors".to_owned(),
        protection: Protection::Off,
        format: new.format.clone(),
    };
    assert_eq!(all.items, [listed]);
    assert!(new.format.is_some());
    let tables = page(&catalog, namespace, TabularKind::Table, None, 100).await;
    assert_eq!(
        (names(&tables), &tables.items[0].format),
        (vec!["t"], &None)
    );
    // A commit with several creations uses another statement than one with a single creation.
    let [first, second] = ["a", "b"].map(|text| new_generic_table(namespace, text));
    let both = vec![first, second];
    let made = catalog.commit(both, Vec::new(), Effects::none()).await;
    made.unwrap();
    let all = page(&catalog, namespace, TabularKind::GenericTable, None, 100).await;
    assert_eq!(names(&all), ["a", "b", "Vectors"]);
    assert!(all.items.iter().all(|one| one.format == new.format));
    let row = catalog.load(new.id).await.unwrap();
    assert_eq!(row.kind, TabularKind::GenericTable);
    assert_eq!(row.content.metadata, new.content.metadata);
    let target = ResolveTarget::Tabular(path(&["ns"]).key().clone(), new.name.key().clone());
    let found = catalog.resolve(target).await.tabular.unwrap();
    assert_eq!((found.id, found.kind), (new.id, TabularKind::GenericTable));
    let tree = store.namespace_tree(catalog.warehouse, namespace).await;
    let kinds = tree.unwrap().tabulars.into_iter().map(|one| one.kind);
    let generic = kinds.filter(|kind| *kind == TabularKind::GenericTable);
    assert_eq!(generic.count(), 3);
}

pub async fn names_and_places_are_shared_by_all_kinds(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let kinds: [fn(NamespaceId, &str) -> NewTabular; 3] = [new_table, new_view, new_generic_table];
    for (at, first) in kinds.into_iter().enumerate() {
        let there = first(namespace, &format!("name{at}"));
        catalog.create(there.clone()).await.unwrap();
        for other in kinds {
            let same_name = other(namespace, &format!("NAME{at}"));
            refused!(
                catalog.create(same_name).await,
                StoreError::AlreadyExists(Entity::TabularName(_))
            );
            let inside = NewTabular {
                claimed_location: format!("{}/in", there.claimed_location),
                ..other(namespace, "free")
            };
            refused!(
                catalog.create(inside).await,
                StoreError::LocationTaken { .. }
            );
        }
    }
}

pub async fn pages_stay_stable_under_change(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let mut ids = Vec::new();
    for text in ["b", "d", "f", "h"] {
        ids.push(catalog.table(namespace, text).await);
    }
    let first = page(&catalog, namespace, TabularKind::Table, None, 2).await;
    assert_eq!(names(&first), ["b", "d"]);
    store
        .tabular_drop(AtVersion::of(ids[1], Version::FIRST), Effects::none())
        .await
        .unwrap();
    catalog.table(namespace, "a").await;
    catalog.table(namespace, "e").await;
    let second = page(&catalog, namespace, TabularKind::Table, first.next, 2).await;
    assert_eq!(names(&second), ["e", "f"]);
    let third = page(&catalog, namespace, TabularKind::Table, second.next, 2).await;
    assert_eq!(names(&third), ["h"]);
    assert!(third.next.is_none());
}

pub async fn a_rename_moves_and_counts(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let from = catalog.namespace(&["from"]).await;
    let to = catalog.namespace(&["to"]).await;
    let id = catalog.table(from, "old").await;
    let before = catalog.load(id).await.unwrap();
    let marks = Marks::of(catalog.warehouse);
    store
        .tabular_rename(rename(&before, to, "New"), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    let after = catalog.load(id).await.unwrap();
    assert_eq!((after.name.as_str(), after.namespace), ("New", to));
    assert_eq!(after.version, before.version.next());
    assert_eq!(after.updated_at, Some(later(7)));
    assert_eq!(text_of(&after.content), "first");
    let left = page(&catalog, from, TabularKind::Table, None, 10).await;
    assert!(left.items.is_empty());
    catalog.table(from, "OLD").await;
}

pub async fn a_rename_may_change_the_case_only(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let id = catalog.table(namespace, "name").await;
    for text in ["NAME", "NAME", "naMe"] {
        let row = catalog.load(id).await.unwrap();
        let rename = rename(&row, namespace, text);
        store.tabular_rename(rename, Effects::none()).await.unwrap();
        assert_eq!(catalog.load(id).await.unwrap().name, text);
    }
}

pub async fn a_refused_rename_changes_nothing(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = catalog.other("other").await;
    let namespace = catalog.namespace(&["ns"]).await;
    let elsewhere = other.namespace(&["ns"]).await;
    let id = catalog.table(namespace, "one").await;
    catalog.create(new_view(namespace, "Two")).await.unwrap();
    let row = catalog.load(id).await.unwrap();
    let marks = Marks::of(catalog.warehouse);

    let taken = rename(&row, namespace, "tWO");
    let renamed = store.tabular_rename(taken, marks.effects()).await;
    refused!(renamed, StoreError::AlreadyExists(Entity::TabularName(it)) if it.as_str() == "tWO");
    for nowhere in [NamespaceId::generate(), elsewhere] {
        let away = rename(&row, nowhere, "one");
        let renamed = store.tabular_rename(away, marks.effects()).await;
        refused!(renamed, StoreError::NotFound(Entity::Namespace(it)) if it == nowhere);
    }
    let gone = TabularRename {
        id: TabularId::generate(),
        ..rename(&row, namespace, "three")
    };
    let renamed = store.tabular_rename(gone.clone(), marks.effects()).await;
    refused!(renamed, StoreError::NotFound(Entity::Tabular(it)) if it == gone.id);
    marks.are_absent(store).await;
    let kept = catalog.load(id).await.unwrap();
    assert_eq!((kept.name.as_str(), kept.version), ("one", row.version));
}

pub async fn protection_is_set_and_counts(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let id = catalog.table(namespace, "t").await;
    let marks = Marks::of(catalog.warehouse);
    let at = AtVersion::of(id, Version::FIRST);
    store
        .tabular_protect(at, Protection::On, later(4), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    let row = catalog.load(id).await.unwrap();
    assert_eq!(row.protection, Protection::On);
    assert_eq!(row.version, Version::FIRST.next());
    assert_eq!(row.updated_at, Some(later(4)));
    let listed = page(&catalog, namespace, TabularKind::Table, None, 10).await;
    assert_eq!(listed.items[0].protection, Protection::On);
    // A commit does not change the protection, and a change of the protection does not change the content.
    catalog.swap(vec![swap(&row, "second")]).await.unwrap();
    let row = catalog.load(id).await.unwrap();
    assert_eq!(row.protection, Protection::On);
    let at = AtVersion::of(id, row.version);
    store
        .tabular_protect(at, Protection::Off, later(5), Effects::none())
        .await
        .unwrap();
    let row = catalog.load(id).await.unwrap();
    assert_eq!(row.protection, Protection::Off);
    assert_eq!(text_of(&row.content), "second");
}

pub async fn a_drop_frees_name_id_and_location(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let new = new_table(namespace, "t");
    catalog.create(new.clone()).await.unwrap();
    let marks = Marks::of(catalog.warehouse);
    store
        .tabular_drop(AtVersion::of(new.id, Version::FIRST), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    refused!(
        catalog.load(new.id).await,
        StoreError::NotFound(Entity::Tabular(_))
    );
    let again = Marks::of(catalog.warehouse);
    let dropped = store
        .tabular_drop(AtVersion::of(new.id, Version::FIRST), again.effects())
        .await;
    refused!(dropped, StoreError::NotFound(Entity::Tabular(id)) if id == new.id);
    again.are_absent(store).await;
    catalog.create(new).await.unwrap();
}

pub async fn a_lost_race_is_stale_and_tells_the_current_row(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let id = catalog.table(namespace, "t").await;
    let old = catalog.load(id).await.unwrap();
    catalog.swap(vec![swap(&old, "second")]).await.unwrap();
    let marks = Marks::of(catalog.warehouse);
    let at = AtVersion::of(id, old.version);
    let results = [
        store.tabular_drop(at, marks.effects()).await,
        store
            .tabular_protect(at, Protection::On, later(1), marks.effects())
            .await,
        store
            .tabular_rename(rename(&old, namespace, "u"), marks.effects())
            .await,
    ];
    for result in results {
        let Err(StoreError::Stale { current }) = result else {
            panic!("expected Stale, got {result:?}");
        };
        assert_eq!(current.len(), 1);
        assert_eq!(current[0].version, old.version.next());
        assert_eq!(text_of(&current[0].content), "second");
        assert_eq!(current[0].name, "t");
    }
    marks.are_absent(store).await;
    let gone = AtVersion::of(TabularId::generate(), Version::FIRST);
    let protected = store
        .tabular_protect(gone, Protection::On, later(1), Effects::none())
        .await;
    refused!(protected, StoreError::NotFound(Entity::Tabular(id)) if id == gone.id);
}
