//! Sealed secrets.

use std::sync::Arc;

use model::{SecretId, Version};

use super::fixture::{Catalog, NOW, later, new_warehouse, refused};
use crate::{Effects, Entity, SealedSecret, Store, StoreError, WarehouseRow};

fn sealed(bytes: &[u8]) -> SealedSecret {
    SealedSecret(bytes.to_vec())
}

pub async fn what_was_created_is_loaded(store: &Arc<dyn Store>) {
    for bytes in [&[0, 255, 0, 39][..], &[7; 5_000], &[]] {
        let id = SecretId::generate();
        store.secret_create(id, sealed(bytes), NOW).await.unwrap();
        assert_eq!(store.secret_load(id).await.unwrap(), sealed(bytes));
    }
    let id = SecretId::generate();
    refused!(store.secret_load(id).await, StoreError::NotFound(Entity::Secret(it)) if it == id);
}

pub async fn a_taken_id_is_refused(store: &Arc<dyn Store>) {
    let id = SecretId::generate();
    store.secret_create(id, sealed(b"one"), NOW).await.unwrap();
    let created = store.secret_create(id, sealed(b"two"), NOW).await;
    refused!(created, StoreError::AlreadyExists(Entity::Secret(it)) if it == id);
    assert_eq!(store.secret_load(id).await.unwrap(), sealed(b"one"));
}

pub async fn a_drop_forgets(store: &Arc<dyn Store>) {
    let id = SecretId::generate();
    store.secret_create(id, sealed(b"one"), NOW).await.unwrap();
    store.secret_drop(id).await.unwrap();
    refused!(store.secret_load(id).await, StoreError::NotFound(_));
    store.secret_drop(id).await.unwrap();
}

pub async fn bytes_are_replaced_only_where_they_were_seen(store: &Arc<dyn Store>) {
    let id = SecretId::generate();
    store.secret_create(id, sealed(b"one"), NOW).await.unwrap();
    let replace = |was: &[u8], now: &[u8]| store.secret_replace(id, sealed(was), sealed(now));
    assert!(replace(b"one", b"two").await.unwrap());
    assert!(!replace(b"one", b"three").await.unwrap());
    assert_eq!(store.secret_load(id).await.unwrap(), sealed(b"two"));
    store.secret_drop(id).await.unwrap();
    assert!(!replace(b"two", b"three").await.unwrap());
    refused!(store.secret_load(id).await, StoreError::NotFound(_));
}

pub async fn pages_show_each_secret_once(store: &Arc<dyn Store>) {
    let mut made = Vec::new();
    for n in 0..5_u8 {
        let id = SecretId::generate();
        store.secret_create(id, sealed(&[n]), NOW).await.unwrap();
        made.push((id, sealed(&[n])));
    }
    made.sort_by_key(|(id, _)| *id);
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = store.secret_page(after, 2).await.unwrap();
        assert!(page.len() <= 2 && page.is_sorted_by_key(|(id, _)| *id));
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        seen.extend(page);
    }
    assert_eq!(seen, made);
}

pub async fn heads_are_counted_of_what_warehouses_use(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let head: Vec<u8> = SecretId::generate().as_uuid().as_bytes()[7..].to_vec();
    let count = async || {
        let heads = store.secret_heads().await.unwrap();
        let mut heads = heads.into_iter().filter(|one| one.head == head);
        (heads.next().map(|one| one.used), heads.next())
    };
    for rest in [&b"one"[..], b"two", b"unused"] {
        let id = SecretId::generate();
        let bytes = sealed(&[&head, rest].concat());
        store.secret_create(id, bytes, NOW).await.unwrap();
        if rest != b"unused" {
            let row = WarehouseRow {
                storage_secret: Some(id),
                ..new_warehouse(&catalog.project, &format!("heads {id}"))
            };
            let effects = Effects::none();
            store.warehouse_create(row, effects).await.unwrap();
        }
    }
    assert_eq!(count().await, (Some(2), None));
}

pub async fn orphans_are_old_and_unused(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (used, old, new) = (
        SecretId::generate(),
        SecretId::generate(),
        SecretId::generate(),
    );
    for (id, at) in [(used, -9), (old, -9), (new, -4)] {
        store
            .secret_create(id, sealed(b"x"), later(at))
            .await
            .unwrap();
    }
    let warehouse = WarehouseRow {
        storage_secret: Some(used),
        ..new_warehouse(&catalog.project, "with a secret")
    };
    let id = warehouse.id;
    store
        .warehouse_create(warehouse, Effects::none())
        .await
        .unwrap();
    let orphans = async |before| store.secret_orphans(later(before), None, 10).await.unwrap();
    assert_eq!(orphans(-9).await, []);
    assert_eq!(orphans(-4).await, [old]);
    assert_eq!(orphans(-3).await, [old, new]);
    assert_eq!(
        store.secret_orphans(later(-3), None, 1).await.unwrap(),
        [old]
    );
    let behind = store.secret_orphans(later(-3), Some(old), 1);
    assert_eq!(behind.await.unwrap(), [new]);
    let seen = (id, Version::FIRST);
    store.warehouse_drop(seen, Effects::none()).await.unwrap();
    assert_eq!(orphans(-4).await.len(), 2);
}
