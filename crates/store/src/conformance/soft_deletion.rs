//! Soft deletion: tables, views and namespaces that were dropped and can be undropped.

use std::sync::Arc;

use model::{NamespaceId, PageRequest, PageSize, TabularId, TabularKind, TaskId, Version};

use super::fixture::{
    Catalog, Marks, NOW, later, lease, name, new_generic_table, new_table, new_table_at, new_view,
    path, properties, refused, task,
};
use crate::{
    AtVersion, DeletedQuery, DeletedTabular, DropMode, Effects, Entity, Expiry, NamespaceDrop,
    NewTask, Protection, ResolveTarget, SOFT_DELETION, SoftDrop, Store, StoreError, TabularRename,
    TaskScope, TaskStatus, TaskTabular, Undrop,
};

pub(super) const HOW: SoftDrop = SoftDrop {
    at: NOW,
    expiry: Expiry::Purge,
};

/// The task that removes the table for good.
fn expiry_of(catalog: &Catalog, id: TabularId) -> NewTask {
    NewTask {
        subject: String::new(),
        tabular: Some(TaskTabular {
            id,
            kind: TabularKind::Table,
            path: vec!["a".to_owned(), "t".to_owned()],
        }),
        not_before: later(500),
        ..task(SOFT_DELETION, catalog.warehouse)
    }
}

pub(super) fn expiries(catalog: &Catalog, ids: impl IntoIterator<Item = TabularId>) -> Effects {
    Effects {
        tasks: ids.into_iter().map(|id| expiry_of(catalog, id)).collect(),
        ..Effects::none()
    }
}

pub(super) async fn soft_drop(catalog: &Catalog, id: TabularId) -> TaskId {
    let at = AtVersion::of(id, catalog.version(id).await);
    let effects = expiries(catalog, [id]);
    let task = effects.tasks[0].id;
    catalog.store.soft_drop(at, HOW, effects).await.unwrap();
    task
}

async fn deleted(catalog: &Catalog, namespace: Option<NamespaceId>) -> Vec<DeletedTabular> {
    let query = DeletedQuery {
        warehouse: catalog.warehouse,
        namespace,
        page: PageRequest::FIRST,
    };
    catalog.store.deleted_list(query).await.unwrap().items
}

pub(super) async fn undrop(catalog: &Catalog, ids: &[TabularId]) -> crate::Result<()> {
    let all = deleted(catalog, None).await;
    let version = |id: &TabularId| all.iter().find(|one| one.id == *id).unwrap().version;
    let undrop = Undrop {
        warehouse: catalog.warehouse,
        tabulars: ids
            .iter()
            .map(|id| AtVersion::of(*id, version(id)))
            .collect(),
        at: later(3),
    };
    catalog.store.undrop(undrop, Effects::none()).await
}

async fn expire(catalog: &Catalog, id: TabularId) {
    let found = catalog.store.deleted_find(catalog.warehouse, vec![id]);
    let version = found.await.unwrap()[0].version;
    let expired = catalog
        .store
        .deleted_expire(AtVersion::of(id, version), Effects::none());
    expired.await.unwrap();
}

pub(super) async fn drop_tree(
    catalog: &Catalog,
    id: NamespaceId,
    mode: DropMode,
) -> Vec<TabularId> {
    let store = &catalog.store;
    let tree = store.namespace_tree(catalog.warehouse, id).await.unwrap();
    let live = tree.tabulars.iter().filter(|one| one.deleted.is_none());
    let live: Vec<_> = live.map(|one| one.id).collect();
    let effects = match mode {
        DropMode::Soft(_) => expiries(catalog, live.clone()),
        DropMode::Hard => Effects::none(),
    };
    let row = store.namespace_load(catalog.warehouse, id).await.unwrap();
    let drop = NamespaceDrop {
        id,
        expected: row.version,
        tree,
        mode,
        at: NOW,
    };
    store.namespace_drop(drop, effects).await.unwrap();
    live
}

pub(super) async fn namespace_of(catalog: &Catalog, levels: &[&str]) -> Option<NamespaceId> {
    let key = path(levels).key().clone();
    let found = catalog.resolve(ResolveTarget::Namespace(key)).await;
    found.namespace.map(|stamp| stamp.id)
}

pub async fn it_is_nowhere_its_name_is_free_and_its_place_is_not(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let new = new_table_at(home, "t", "s3://bucket/soft/t");
    let id = new.id;
    catalog.create(new).await.unwrap();
    let (version, marks) = (catalog.version(id).await, Marks::of(catalog.warehouse));
    let stale = store.soft_drop(AtVersion::of(id, version.next()), HOW, marks.effects());
    refused!(stale.await, StoreError::Stale { .. });
    marks.are_absent(store).await;
    store
        .soft_drop(AtVersion::of(id, version), HOW, marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;

    refused!(catalog.load(id).await, StoreError::NotFound(_));
    let (at, key) = (path(&["a"]).key().clone(), name("t").key().clone());
    let found = catalog.resolve(ResolveTarget::Tabular(at, key)).await;
    assert!(found.tabular.is_none());
    for seen in [version, version.next()] {
        let found = catalog.resolve(ResolveTarget::Unchanged(id, seen)).await;
        assert!(!found.is_unchanged);
    }
    let listed = store.tabular_list(home, TabularKind::Table, PageRequest::FIRST);
    assert!(listed.await.unwrap().items.is_empty());
    let again = store.soft_drop(AtVersion::of(id, version.next()), HOW, Effects::none());
    refused!(again.await, StoreError::NotFound(Entity::Tabular(it)) if it == id);
    let protect = store.tabular_protect(
        AtVersion::of(id, version.next()),
        Protection::On,
        NOW,
        Effects::none(),
    );
    refused!(protect.await, StoreError::NotFound(_));
    let hard = store.tabular_drop(AtVersion::of(id, version.next()), Effects::none());
    refused!(hard.await, StoreError::NotFound(_));

    let inside = new_table_at(home, "u", "s3://bucket/soft/t/in");
    refused!(
        catalog.create(inside).await,
        StoreError::LocationTaken { .. }
    );
    catalog.create(new_view(home, "T")).await.unwrap();
    refused!(
        store.namespace_drop(plain(home), Effects::none()).await,
        StoreError::NotEmpty(_)
    );
}

fn plain(id: NamespaceId) -> NamespaceDrop {
    NamespaceDrop {
        id,
        expected: Version::FIRST,
        tree: crate::NamespaceTree::default(),
        mode: DropMode::Hard,
        at: NOW,
    }
}

pub async fn they_are_listed_in_pages_with_their_expiry(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (a, b) = (
        catalog.namespace(&["a"]).await,
        catalog.namespace(&["b"]).await,
    );
    let (t, u) = (catalog.table(a, "t").await, catalog.table(b, "u").await);
    catalog.table(a, "live").await;
    for id in [t, u] {
        soft_drop(&catalog, id).await;
    }
    let other = catalog.other("other").await;
    assert!(deleted(&other, None).await.is_empty());
    let of_a = deleted(&catalog, Some(a)).await;
    assert_eq!(of_a.len(), 1);
    let one = &of_a[0];
    assert_eq!((one.id, one.namespace, one.name.as_str()), (t, a, "t"));
    assert_eq!(one.path.levels(), ["a"]);
    assert_eq!((one.kind, one.expiry), (TabularKind::Table, Expiry::Purge));
    assert_eq!((one.deleted_at, one.expires_at), (NOW, later(500)));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let query = DeletedQuery {
            warehouse: catalog.warehouse,
            namespace: None,
            page: PageRequest {
                after,
                size: PageSize::clamped(1),
            },
        };
        let page = store.deleted_list(query).await.unwrap();
        seen.extend(page.items.iter().map(|one| one.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [t, u]);
    let found = store.deleted_find(other.warehouse, vec![t]).await.unwrap();
    assert!(found.is_empty());
    let mut homes = store
        .tabular_homes(catalog.warehouse, vec![t, TabularId::generate(), u])
        .await
        .unwrap();
    homes.sort_unstable_by_key(|(id, ..)| *id);
    assert_eq!(
        homes,
        [(t, TabularKind::Table, a), (u, TabularKind::Table, b)]
    );
}

pub async fn what_is_undropped_is_as_it_was(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let (id, kept) = (
        catalog.table(home, "t").await,
        catalog.table(home, "u").await,
    );
    let before = catalog.load(id).await.unwrap();
    let (task, other) = (
        soft_drop(&catalog, id).await,
        soft_drop(&catalog, kept).await,
    );
    undrop(&catalog, &[id]).await.unwrap();
    let after = catalog.load(id).await.unwrap();
    assert!(after.version > before.version);
    assert_eq!(
        after.content.metadata_location,
        before.content.metadata_location
    );
    assert_eq!((after.name, after.namespace), (before.name, home));
    let still: Vec<_> = deleted(&catalog, None)
        .await
        .iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(still, [kept]);
    let scope = TaskScope::Warehouse(catalog.warehouse);
    let mut tasks = store.task_find(&scope, vec![task, other]).await.unwrap();
    tasks.sort_unstable_by_key(|found| found.id);
    let states: Vec<_> = tasks.iter().map(|found| found.status).collect();
    assert_eq!(states, [TaskStatus::Cancelled, TaskStatus::Scheduled]);
    // The undropped table can be changed and dropped again.
    soft_drop(&catalog, id).await;
}

pub async fn names_that_are_taken_meanwhile_are_told(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let mut ids = Vec::new();
    // Two tables with the same name, one whose name is taken again, and one that could be undropped.
    for text in ["twin", "Twin", "used", "free"] {
        let id = catalog.table(home, text).await;
        soft_drop(&catalog, id).await;
        ids.push(id);
    }
    catalog.table(home, "USED").await;
    let refused = undrop(&catalog, &ids).await;
    let Err(StoreError::NamesTaken(mut names)) = refused else {
        panic!("expected NamesTaken, got {refused:?}");
    };
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&"a.used".to_owned()), "{names:?}");
    assert_eq!(deleted(&catalog, None).await.len(), 4, "all or none");
    undrop(&catalog, &[ids[0], ids[3]]).await.unwrap();
    let marks = Marks::of(catalog.warehouse);
    let gone = Undrop {
        warehouse: catalog.warehouse,
        tabulars: vec![AtVersion::of(ids[3], catalog.version(ids[3]).await)],
        at: NOW,
    };
    let again = store.undrop(gone, marks.effects()).await;
    refused!(again, StoreError::Stale { .. });
    let elsewhere = catalog.other("other").await;
    let foreign = Undrop {
        warehouse: elsewhere.warehouse,
        tabulars: vec![AtVersion::of(ids[1], Version::FIRST.next())],
        at: NOW,
    };
    let foreign = store.undrop(foreign, marks.effects()).await;
    refused!(foreign, StoreError::Stale { .. });
    marks.are_absent(store).await;
}

/// `a` with `a.b`, `a.b.c` and the empty `a.empty`; a table in `a` and in `a.b.c`.
async fn planted(store: &Arc<dyn Store>) -> (Catalog, [NamespaceId; 4], [TabularId; 2]) {
    let catalog = Catalog::new(store).await;
    let mut ids = Vec::new();
    for levels in [&["a"][..], &["a", "b"], &["a", "b", "c"], &["a", "empty"]] {
        ids.push(catalog.namespace(levels).await);
    }
    let row = store.namespace_load(catalog.warehouse, ids[1]).await;
    let mut row = row.unwrap();
    row.properties = properties(&[("kept", "yes")]);
    store.namespace_update(row, Effects::none()).await.unwrap();
    let tables = [
        catalog.table(ids[0], "t").await,
        catalog.table(ids[2], "t").await,
    ];
    (catalog, ids.try_into().unwrap(), tables)
}

pub async fn a_tree_goes_and_comes_back_as_it_was(store: &Arc<dyn Store>) {
    let (catalog, ids, tables) = planted(store).await;
    drop_tree(&catalog, ids[0], DropMode::Soft(HOW)).await;
    let top = store.namespace_list(catalog.warehouse, None, PageRequest::FIRST);
    assert!(top.await.unwrap().items.is_empty());
    for id in ids {
        let loaded = store.namespace_load(catalog.warehouse, id).await;
        refused!(loaded, StoreError::NotFound(_));
        let tree = store.namespace_tree(catalog.warehouse, id).await;
        refused!(tree, StoreError::NotFound(_));
        let again = store.namespace_drop(plain(id), Effects::none()).await;
        refused!(again, StoreError::NotFound(_));
        let new = new_table(id, "new");
        refused!(catalog.create(new).await, StoreError::NotFound(_));
    }
    assert_eq!(namespace_of(&catalog, &["a", "b"]).await, None);
    let below = catalog.new_namespace(&["a", "new"]);
    let below = store.namespace_create(below, Effects::none()).await;
    refused!(below, StoreError::NotFound(Entity::NamespacePath(_)));
    assert_eq!(deleted(&catalog, None).await.len(), 2);
    let elsewhere = catalog.namespace(&["elsewhere"]).await;
    let table = catalog.table(elsewhere, "t").await;
    let into = TabularRename {
        id: table,
        expected: catalog.version(table).await,
        namespace: ids[0],
        found_at: None,
        name: name("moved"),
        at: NOW,
    };
    let moved = store.tabular_rename(into, Effects::none()).await;
    refused!(moved, StoreError::NotFound(Entity::Namespace(it)) if it == ids[0]);

    // Undropping one table makes all namespaces live again; the other table stays soft-deleted.
    undrop(&catalog, &[tables[1]]).await.unwrap();
    for (id, levels) in ids
        .iter()
        .zip([&["a"][..], &["a", "b"], &["a", "b", "c"], &["a", "empty"]])
    {
        assert_eq!(
            namespace_of(&catalog, levels).await,
            Some(*id),
            "{levels:?}"
        );
    }
    let row = store
        .namespace_load(catalog.warehouse, ids[1])
        .await
        .unwrap();
    assert_eq!(row.properties["kept"], "yes");
    let left = deleted(&catalog, None).await;
    assert_eq!((left.len(), left[0].id), (1, tables[0]));
    undrop(&catalog, &tables[..1]).await.unwrap();
    catalog.load(tables[0]).await.unwrap();
}

pub async fn a_path_that_is_taken_meanwhile_is_told(store: &Arc<dyn Store>) {
    let (catalog, ids, tables) = planted(store).await;
    drop_tree(&catalog, ids[0], DropMode::Soft(HOW)).await;
    let new = catalog.namespace(&["A"]).await;
    let table = catalog.table(new, "t").await;
    let refused = undrop(&catalog, &tables).await;
    let Err(StoreError::NamesTaken(names)) = refused else {
        panic!("expected NamesTaken, got {refused:?}");
    };
    assert_eq!(names, ["a"]);
    // The new namespace at the same path holds nothing of what was dropped.
    let tree = store.namespace_tree(catalog.warehouse, new).await.unwrap();
    assert_eq!((tree.namespaces.len(), tree.tabulars.len()), (0, 1));
    let gone = drop_tree(&catalog, new, DropMode::Hard).await;
    assert_eq!(gone, [table]);
    undrop(&catalog, &tables).await.unwrap();
}

pub async fn a_namespace_takes_no_files_of_generic_tables_along(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let table = catalog.table(home, "t").await;
    let generic = new_generic_table(home, "g");
    let id = generic.id;
    catalog.create(generic).await.unwrap();
    drop_tree(&catalog, home, DropMode::Soft(HOW)).await;
    let all = deleted(&catalog, None).await;
    let expiry = |id| all.iter().find(|one| one.id == id).map(|one| one.expiry);
    assert_eq!(expiry(table), Some(Expiry::Purge));
    assert_eq!(expiry(id), Some(Expiry::Keep));
}

pub async fn drops_within_drops_come_back_together(store: &Arc<dyn Store>) {
    let (catalog, ids, tables) = planted(store).await;
    drop_tree(&catalog, ids[1], DropMode::Soft(HOW)).await;
    refused!(
        store.namespace_drop(plain(ids[0]), Effects::none()).await,
        StoreError::NotEmpty(_)
    );
    drop_tree(&catalog, ids[0], DropMode::Soft(HOW)).await;
    // The inner namespace becomes live together with the outer one.
    undrop(&catalog, &[tables[1]]).await.unwrap();
    assert_eq!(namespace_of(&catalog, &["a", "b", "c"]).await, Some(ids[2]));
    assert_eq!(deleted(&catalog, None).await.len(), 1);
}

pub async fn an_expired_one_is_gone_for_good(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let new = new_table_at(home, "t", "s3://bucket/expired/t");
    let (id, marks) = (new.id, Marks::of(catalog.warehouse));
    catalog.create(new.clone()).await.unwrap();
    let live = AtVersion::of(id, catalog.version(id).await);
    let refused = store.deleted_expire(live, marks.effects()).await;
    refused!(refused, StoreError::Stale { .. });
    soft_drop(&catalog, id).await;
    let refused = store.deleted_expire(live, marks.effects()).await;
    refused!(refused, StoreError::Stale { .. });
    marks.are_absent(store).await;
    expire(&catalog, id).await;
    assert!(deleted(&catalog, None).await.is_empty());
    catalog.create(new).await.unwrap();
    assert_eq!(
        namespace_of(&catalog, &["a"]).await,
        Some(home),
        "it was live"
    );
}

pub async fn namespaces_go_with_the_last_that_could_bring_them_back(store: &Arc<dyn Store>) {
    let (catalog, ids, tables) = planted(store).await;
    drop_tree(&catalog, ids[1], DropMode::Soft(HOW)).await;
    drop_tree(&catalog, ids[0], DropMode::Soft(HOW)).await;
    expire(&catalog, tables[0]).await;
    // `a` stays, because it is above a table that can still be undropped.
    undrop(&catalog, &[tables[1]]).await.unwrap();
    drop_tree(&catalog, ids[0], DropMode::Soft(HOW)).await;
    expire(&catalog, tables[1]).await;
    let gone = store
        .warehouse_drop((catalog.warehouse, Version::FIRST), Effects::none())
        .await;
    refused!(gone, StoreError::NotEmpty(_));
    // Only the unfinished tasks keep the warehouse.
    let scope = TaskScope::Warehouse(catalog.warehouse);
    let tasks = store
        .task_list(&scope, crate::TaskFilter::default(), PageRequest::FIRST)
        .await
        .unwrap();
    let ids = tasks.items.iter().map(|found| found.id).collect();
    store
        .task_control(
            &scope,
            ids,
            (crate::TaskControl::Cancel, NOW),
            Effects::none(),
        )
        .await
        .unwrap();
    store
        .warehouse_drop((catalog.warehouse, Version::FIRST), Effects::none())
        .await
        .unwrap();
}

pub async fn a_hard_drop_takes_what_was_soft_deleted_along(store: &Arc<dyn Store>) {
    let (catalog, ids, tables) = planted(store).await;
    drop_tree(&catalog, ids[1], DropMode::Soft(HOW)).await;
    let tree = store
        .namespace_tree(catalog.warehouse, ids[0])
        .await
        .unwrap();
    let hidden = tree.tabulars.iter().find(|one| one.id == tables[1]);
    assert_eq!(hidden.unwrap().deleted, Some(Expiry::Purge));
    let live: Vec<_> = tree.namespaces.iter().map(|one| one.is_live).collect();
    assert_eq!(live.iter().filter(|live| **live).count(), 1, "{live:?}");
    drop_tree(&catalog, ids[0], DropMode::Hard).await;
    assert!(deleted(&catalog, None).await.is_empty());
    let claimed = store.task_claim(SOFT_DELETION, "w", lease(later(999), later(1_999)));
    assert_eq!(claimed.await.unwrap(), None, "nothing is left to expire");
}
