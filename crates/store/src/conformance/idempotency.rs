//! Idempotency records.

use std::sync::Arc;

use model::EventKind;
use uuid::Uuid;

use super::fixture::{Catalog, Marks, NOW, event, later, new_table, record, refused, swap, task};
use crate::{AtVersion, Effects, IdempotencyRecord, Store, StoreError};

pub async fn a_record_is_loaded(store: &Arc<dyn Store>) {
    let key = Uuid::new_v4();
    assert_eq!(store.idempotency_load(key).await.unwrap(), None);
    let mut fingerprint = [0; 32];
    for (at, byte) in (0..).zip(&mut fingerprint) {
        *byte = at;
    }
    let kept = IdempotencyRecord {
        fingerprint,
        outcome: vec![0, 255, b'\'', 0, 200],
        ..record(key)
    };
    store.idempotency_record(kept.clone()).await.unwrap();
    assert_eq!(store.idempotency_load(key).await.unwrap(), Some(kept));
    let empty = IdempotencyRecord {
        outcome: Vec::new(),
        ..record(Uuid::new_v4())
    };
    store.idempotency_record(empty.clone()).await.unwrap();
    assert_eq!(
        store.idempotency_load(empty.key).await.unwrap(),
        Some(empty)
    );
}

pub async fn a_used_key_refuses_another_record(store: &Arc<dyn Store>) {
    let first = record(Uuid::new_v4());
    store.idempotency_record(first.clone()).await.unwrap();
    let second = IdempotencyRecord {
        outcome: b"another".to_vec(),
        ..first.clone()
    };
    refused!(store.idempotency_record(second).await, StoreError::Replayed(it) if *it == first);
    assert_eq!(
        store.idempotency_load(first.key).await.unwrap(),
        Some(first)
    );
}

pub async fn a_used_key_refuses_a_change_before_anything_else(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let (new, first) = (new_table(namespace, "t"), record(Uuid::new_v4()));
    let effects = || Effects {
        events: vec![event(EventKind::CreateTable, "t")],
        tasks: vec![task("queue", catalog.warehouse)],
        idempotency: vec![first.clone()],
        ..Effects::none()
    };
    catalog
        .commit(vec![new.clone()], Vec::new(), effects())
        .await
        .unwrap();
    // Without the key, these would be refused for a taken name and a lost race …
    let row = catalog.load(new.id).await.unwrap();
    catalog.swap(vec![swap(&row, "second")]).await.unwrap();
    let again = catalog
        .commit(vec![new.clone()], Vec::new(), effects())
        .await;
    refused!(again, StoreError::Replayed(it) if *it == first);
    let late = catalog
        .commit(Vec::new(), vec![swap(&row, "late")], effects())
        .await;
    refused!(late, StoreError::Replayed(_));
    // … and this one would succeed.
    let other = new_table(namespace, "other");
    let created = catalog
        .commit(vec![other.clone()], Vec::new(), effects())
        .await;
    refused!(created, StoreError::Replayed(_));
    refused!(catalog.load(other.id).await, StoreError::NotFound(_));
    let namespace = catalog.new_namespace(&["other"]);
    let created = store.namespace_create(namespace, effects()).await;
    refused!(created, StoreError::Replayed(_));
    let dropped = store
        .tabular_drop(AtVersion::of(row.id, row.version), effects())
        .await;
    refused!(dropped, StoreError::Replayed(_));
    assert_eq!(store.outbox_read(0, 100).await.unwrap().len(), 1);
    assert_eq!(store.task_count("queue").await.unwrap(), 1);
}

pub async fn a_change_takes_all_its_keys_or_none(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let id = catalog.table(namespace, "t").await;
    let row = catalog.load(id).await.unwrap();
    let records: Vec<_> = (0..4).map(|_| record(Uuid::new_v4())).collect();
    let [first, second, third, fourth] = records.as_slice() else {
        panic!("four records");
    };
    let effects = |records: &[&IdempotencyRecord]| Effects {
        events: vec![event(EventKind::UpdateTable, "t")],
        idempotency: records.iter().copied().cloned().collect(),
        ..Effects::none()
    };
    let swaps = vec![swap(&row, "second")];
    catalog
        .commit(Vec::new(), swaps, effects(&[first, second]))
        .await
        .unwrap();
    let row = catalog.load(id).await.unwrap();
    let swaps = vec![swap(&row, "third")];
    let again = catalog
        .commit(Vec::new(), swaps, effects(&[third, second, fourth]))
        .await;
    refused!(again, StoreError::Replayed(it) if *it == *second);
    let namespace = catalog.new_namespace(&["other"]);
    let created = store
        .namespace_create(namespace, effects(&[fourth, first, third]))
        .await;
    refused!(created, StoreError::Replayed(it) if *it == *first);
    for (record, is_there) in [
        (first, true),
        (second, true),
        (third, false),
        (fourth, false),
    ] {
        let kept = store.idempotency_load(record.key).await.unwrap();
        assert_eq!(kept, is_there.then(|| record.clone()));
    }
    assert_eq!(
        catalog.load(id).await.unwrap().content.metadata_location,
        row.content.metadata_location
    );
}

pub async fn a_refused_change_leaves_the_key_free(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    catalog.table(namespace, "t").await;
    let marks = Marks::of(catalog.warehouse);
    let twin = vec![new_table(namespace, "t")];
    let created = catalog.commit(twin, Vec::new(), marks.effects()).await;
    refused!(created, StoreError::AlreadyExists(_));
    marks.are_absent(store).await;
    let good = vec![new_table(namespace, "u")];
    catalog
        .commit(good, Vec::new(), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
}

pub async fn of_two_with_one_key_one_is_applied(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    for round in 0..20 {
        let key = record(Uuid::new_v4());
        let tries: Vec<_> = (0..4)
            .map(|number| {
                let (catalog, key) = (catalog.clone(), key.clone());
                tokio::spawn(async move {
                    let effects = Effects {
                        events: vec![event(EventKind::CreateTable, "t")],
                        idempotency: vec![key],
                        ..Effects::none()
                    };
                    // Even rounds repeat the same request, odd rounds send requests that would not collide
                    // otherwise.
                    let text = format!("t {round} {}", if round % 2 == 0 { 0 } else { number });
                    let creates = vec![new_table(namespace, &text)];
                    catalog.commit(creates, Vec::new(), effects).await
                })
            })
            .collect();
        let mut applied = 0;
        for one in tries {
            match one.await.unwrap() {
                Ok(()) => applied += 1,
                Err(StoreError::Replayed(it)) => assert_eq!(*it, key),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(applied, 1);
        let events = store.outbox_read(0, 1_000).await.unwrap();
        assert_eq!(events.len(), round + 1);
    }
}

pub async fn a_key_is_free_again_if_its_record_is_as_it_was_read(store: &Arc<dyn Store>) {
    let first = record(Uuid::new_v4());
    store.idempotency_record(first.clone()).await.unwrap();
    let other = IdempotencyRecord {
        outcome: b"another".to_vec(),
        ..first.clone()
    };
    let elsewhere = record(Uuid::new_v4());
    for wrong in [other.clone(), elsewhere] {
        store.idempotency_release(wrong).await.unwrap();
        let kept = store.idempotency_load(first.key).await.unwrap();
        assert_eq!(kept, Some(first.clone()));
    }
    store.idempotency_release(first.clone()).await.unwrap();
    assert_eq!(store.idempotency_load(first.key).await.unwrap(), None);
    store.idempotency_record(other.clone()).await.unwrap();
    store.idempotency_release(first).await.unwrap();
    let kept = store.idempotency_load(other.key).await.unwrap();
    assert_eq!(kept, Some(other));
}

pub async fn old_records_are_trimmed_in_portions(store: &Arc<dyn Store>) {
    let mut keys = Vec::new();
    for age in [5, 1, 4, 2, 3] {
        let one = IdempotencyRecord {
            at: later(age),
            ..record(Uuid::new_v4())
        };
        keys.push((age, one.key));
        store.idempotency_record(one).await.unwrap();
    }
    assert_eq!(store.idempotency_trim(NOW, 10).await.unwrap(), 0);
    assert_eq!(store.idempotency_trim(later(4), 2).await.unwrap(), 2);
    assert_eq!(store.idempotency_trim(later(4), 2).await.unwrap(), 1);
    assert_eq!(store.idempotency_trim(later(4), 2).await.unwrap(), 0);
    for (age, key) in keys {
        let kept = store.idempotency_load(key).await.unwrap().is_some();
        assert_eq!(kept, age >= 4, "{age}");
    }
}
