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

pub async fn a_sweep_removes_old_orphans_only(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (used, old, new) = (
        SecretId::generate(),
        SecretId::generate(),
        SecretId::generate(),
    );
    for (id, at) in [(used, 0), (old, 0), (new, 10)] {
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
    assert_eq!(store.secret_sweep(NOW).await.unwrap(), 0);
    assert_eq!(store.secret_sweep(later(10)).await.unwrap(), 1);
    refused!(store.secret_load(old).await, StoreError::NotFound(_));
    store.secret_load(used).await.unwrap();
    store.secret_load(new).await.unwrap();
    store
        .warehouse_drop((id, Version::FIRST), Effects::none())
        .await
        .unwrap();
    assert_eq!(store.secret_sweep(later(11)).await.unwrap(), 2);
}
