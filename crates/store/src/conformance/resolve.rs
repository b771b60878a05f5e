//! Resolving names to ids and versions.

use std::sync::Arc;

use model::{NameKey, NamespaceKey, TabularId, TabularKind, Version, WarehouseId};

use super::fixture::{Catalog, later, name, new_table, new_view, path, properties, refused, swap};
use crate::{
    AtVersion, Effects, NamespaceRow, NewNamespace, Protection, ResolveKey, ResolveTarget,
    Resolved, Store, StoreError, TabularRename, WarehouseRow, WarehouseStatus,
};

fn namespace_key(levels: &[&str]) -> NamespaceKey {
    path(levels).key().clone()
}

fn name_key(text: &str) -> NameKey {
    name(text).key().clone()
}

fn tabular(levels: &[&str], text: &str) -> ResolveTarget {
    ResolveTarget::Tabular(namespace_key(levels), name_key(text))
}

fn is_empty(resolved: &Resolved) -> bool {
    resolved.warehouse.is_none()
        && resolved.namespace.is_none()
        && resolved.namespace_row.is_none()
        && resolved.tabular.is_none()
        && !resolved.is_unchanged
}

pub async fn answers_come_in_the_order_of_the_keys(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = catalog.other("other").await;
    let namespace = catalog.namespace(&["ns"]).await;
    let there = other.namespace(&["ns"]).await;
    let table = catalog.table(namespace, "t").await;
    let view = new_view(there, "t");
    let view_id = view.id;
    other.create(view).await.unwrap();
    let key = |warehouse, target| ResolveKey { warehouse, target };
    let ns = || namespace_key(&["ns"]);
    let keys = vec![
        key(other.warehouse, tabular(&["ns"], "t")),
        key(catalog.warehouse, ResolveTarget::Namespace(ns())),
        key(catalog.warehouse, tabular(&["ns"], "absent")),
        key(catalog.warehouse, ResolveTarget::Warehouse),
        key(catalog.warehouse, tabular(&["ns"], "t")),
        key(WarehouseId::generate(), ResolveTarget::Warehouse),
        key(catalog.warehouse, tabular(&["ns"], "t")),
        key(other.warehouse, ResolveTarget::NamespaceRow(ns())),
        key(
            other.warehouse,
            ResolveTarget::Unchanged(view_id, Version::FIRST),
        ),
    ];
    let found = store.resolve(keys).await.unwrap();
    assert_eq!(found.len(), 9);
    let ids: Vec<_> = found
        .iter()
        .map(|resolved| resolved.tabular.as_ref().map(|stamp| stamp.id))
        .collect();
    let expected = [
        Some(view_id),
        None,
        None,
        None,
        Some(table),
        None,
        Some(table),
        None,
        None,
    ];
    assert_eq!(ids, expected);
    assert!(found[8].is_unchanged);
    let namespaces: Vec<_> = found
        .iter()
        .map(|resolved| resolved.namespace.map(|stamp| stamp.id))
        .collect();
    let (here, there) = (Some(namespace), Some(there));
    let expected = [there, here, here, None, here, None, here, there, None];
    assert_eq!(namespaces, expected);
    assert_eq!(found[0].tabular.as_ref().unwrap().kind, TabularKind::View);
    assert!(is_empty(&found[5]));
    assert!(store.resolve(Vec::new()).await.unwrap().is_empty());
}

pub async fn what_is_absent_is_none(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let inner = catalog.namespace(&["ns", "inner"]).await;
    catalog.table(inner, "t").await;
    let only_warehouse = catalog.resolve(tabular(&["nowhere"], "t")).await;
    assert!(only_warehouse.warehouse.is_some() && only_warehouse.namespace.is_none());
    let row = ResolveTarget::NamespaceRow(namespace_key(&["nowhere"]));
    assert!(catalog.resolve(row).await.namespace_row.is_none());
    for levels in [&["ns"][..], &["inner"], &["ns", "inner", "t"]] {
        assert!(
            catalog
                .resolve(tabular(levels, "t"))
                .await
                .tabular
                .is_none()
        );
    }
    let gone = catalog.table(namespace, "gone").await;
    assert!(
        catalog
            .resolve(tabular(&["ns"], "gone"))
            .await
            .tabular
            .is_some()
    );
    store
        .tabular_drop(AtVersion::of(gone, Version::FIRST), Effects::none())
        .await
        .unwrap();
    assert!(
        catalog
            .resolve(tabular(&["ns"], "gone"))
            .await
            .tabular
            .is_none()
    );
    let elsewhere = Catalog {
        warehouse: WarehouseId::generate(),
        ..catalog
    };
    for target in [
        tabular(&["ns"], "t"),
        ResolveTarget::NamespaceRow(namespace_key(&["ns"])),
        ResolveTarget::Unchanged(gone, Version::FIRST),
        ResolveTarget::TabularContent(namespace_key(&["ns", "inner"]), name_key("t")),
    ] {
        assert!(is_empty(&elsewhere.resolve(target).await));
    }
}

pub async fn names_match_without_case(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["Straße"]).await;
    let id = catalog.table(namespace, "ΣΑΣ").await;
    for (levels, text) in [
        (["Straße"], "ΣΑΣ"),
        (["STRASSE"], "σας"),
        (["strasse"], "σασ"),
    ] {
        let found = catalog.resolve(tabular(&levels, text)).await;
        assert_eq!(found.tabular.unwrap().id, id);
    }
}

pub async fn content_comes_only_when_it_is_asked_for(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let new = new_table(namespace, "t");
    catalog.create(new.clone()).await.unwrap();
    let target = ResolveTarget::TabularContent(namespace_key(&["NS"]), name_key("T"));
    let found = catalog.resolve(target).await;
    let stamp = found.tabular.unwrap();
    assert_eq!((stamp.id, stamp.version), (new.id, new.version));
    assert_eq!(stamp.kind, TabularKind::Table);
    assert_eq!(stamp.protection, Protection::Off);
    let content = found.content.unwrap();
    assert_eq!(content.location, new.content.location);
    assert_eq!(content.metadata_location, new.content.metadata_location);
    assert_eq!(content.metadata, new.content.metadata);
    let found = catalog.resolve(tabular(&["ns"], "t")).await;
    assert_eq!(found.tabular, Some(stamp));
    assert!(found.content.is_none());
}

pub async fn whatever_happens_to_a_table_or_view_is_a_change(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let other = catalog.namespace(&["other"]).await;
    for new in [new_table(namespace, "table"), new_view(namespace, "view")] {
        let id = new.id;
        catalog.create(new).await.unwrap();
        let first = assert_changed(&catalog, id, None).await;
        let row = catalog.load(id).await.unwrap();
        catalog.swap(vec![swap(&row, "second")]).await.unwrap();
        let second = assert_changed(&catalog, id, Some(first)).await;
        let protected = store.tabular_protect(
            AtVersion::of(id, second),
            Protection::On,
            later(1),
            Effects::none(),
        );
        protected.await.unwrap();
        let mut seen = assert_changed(&catalog, id, Some(second)).await;
        for (namespace, text) in [(namespace, "renamed"), (other, "renamed")] {
            let rename = TabularRename {
                id,
                expected: seen,
                namespace,
                found_at: None,
                name: name(&format!("{text} {id}")),
                at: later(1),
            };
            let renamed = store.tabular_rename(rename, Effects::none());
            renamed.await.unwrap();
            seen = assert_changed(&catalog, id, Some(seen)).await;
        }
        let dropped = store.tabular_drop(AtVersion::of(id, seen), Effects::none());
        dropped.await.unwrap();
        assert!(!is_unchanged(&catalog, id, seen).await);
    }
}

/// The current version. Asserts that `former` is not current.
async fn assert_changed(catalog: &Catalog, id: TabularId, former: Option<Version>) -> Version {
    let now = catalog.version(id).await;
    assert!(is_unchanged(catalog, id, now).await);
    if let Some(former) = former {
        assert!(!is_unchanged(catalog, id, former).await);
    }
    now
}

async fn is_unchanged(catalog: &Catalog, id: TabularId, version: Version) -> bool {
    let target = ResolveTarget::Unchanged(id, version);
    let found = catalog.resolve(target).await;
    assert_eq!(found.warehouse.unwrap().version, Version::FIRST);
    assert!(found.namespace.is_none() && found.tabular.is_none());
    found.is_unchanged
}

pub async fn a_namespace_row_comes_whole(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let new = NewNamespace {
        properties: properties(&[("k", "v")]),
        ..catalog.new_namespace(&["Ns"])
    };
    let id = new.id;
    store.namespace_create(new, Effects::none()).await.unwrap();
    let loaded = store.namespace_load(catalog.warehouse, id).await.unwrap();
    let target = || ResolveTarget::NamespaceRow(namespace_key(&["nS"]));
    let found = catalog.resolve(target()).await;
    assert_eq!(
        format!("{:?}", found.namespace_row.unwrap()),
        format!("{loaded:?}")
    );
    assert_eq!(found.namespace.unwrap().id, id);
    assert_eq!(found.namespace.unwrap().version, Version::FIRST);
    let changed = NamespaceRow {
        protection: Protection::On,
        ..loaded
    };
    store
        .namespace_update(changed, Effects::none())
        .await
        .unwrap();
    let row = catalog.resolve(target()).await.namespace_row.unwrap();
    assert_eq!(
        (row.version, row.protection),
        (Version::FIRST.next(), Protection::On)
    );
    let stamp = catalog
        .resolve(ResolveTarget::Namespace(namespace_key(&["ns"])))
        .await;
    assert!(stamp.namespace_row.is_none());
    assert_eq!(stamp.namespace.unwrap().version, Version::FIRST.next());
}

pub async fn an_inactive_warehouse_says_so(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let stamp = catalog.resolve(ResolveTarget::Warehouse).await.warehouse;
    let stamp = stamp.unwrap();
    assert_eq!(
        (stamp.version, stamp.status),
        (Version::FIRST, WarehouseStatus::Active)
    );
    let inactive = WarehouseRow {
        status: WarehouseStatus::Inactive,
        ..store.warehouse_load(catalog.warehouse).await.unwrap()
    };
    store
        .warehouse_update(inactive, Effects::none())
        .await
        .unwrap();
    let stamp = catalog.resolve(tabular(&["ns"], "t")).await.warehouse;
    let stamp = stamp.unwrap();
    assert_eq!(stamp.version, Version::FIRST.next());
    assert_eq!(stamp.status, WarehouseStatus::Inactive);
}

pub async fn many_keys_are_answered_at_once(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let mut ids = Vec::new();
    for number in 0..100 {
        ids.push(catalog.table(namespace, &format!("t{number}")).await);
    }
    let keys = (0..1_000).map(|number| ResolveKey {
        warehouse: catalog.warehouse,
        target: ResolveTarget::TabularContent(
            namespace_key(&["ns"]),
            name_key(&format!("T{}", number % 101)),
        ),
    });
    let found = store.resolve(keys.collect()).await.unwrap();
    assert_eq!(found.len(), 1_000);
    for (number, resolved) in found.iter().enumerate() {
        let id = resolved.tabular.as_ref().map(|stamp| stamp.id);
        assert_eq!(id.as_ref(), ids.get(number % 101));
    }
}

pub async fn a_read_sees_what_was_acknowledged_before(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let runs: Vec<_> = (0..8)
        .map(|run| {
            let catalog = catalog.clone();
            tokio::spawn(async move {
                let text = format!("t{run}");
                let id = catalog.table(namespace, &text).await;
                for _ in 0..20 {
                    let row = catalog.load(id).await.unwrap();
                    catalog.swap(vec![swap(&row, "next")]).await.unwrap();
                    let seen = catalog.resolve(tabular(&["ns"], &text)).await;
                    assert_eq!(seen.tabular.unwrap().version, row.version.next());
                }
                let row = catalog.load(id).await.unwrap();
                let drop = AtVersion::of(id, row.version);
                catalog
                    .store
                    .tabular_drop(drop, Effects::none())
                    .await
                    .unwrap();
                let seen = catalog.resolve(tabular(&["ns"], &text)).await;
                assert!(seen.tabular.is_none());
                refused!(catalog.load(id).await, StoreError::NotFound(_));
            })
        })
        .collect();
    for run in runs {
        run.await.unwrap();
    }
}
