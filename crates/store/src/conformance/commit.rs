//! Changes to several tables and views at once: all or nothing.

use std::sync::Arc;

use model::{Bounds, EventKind, NamespaceId, TabularId, TabularKind, Timestamp, Version};

use super::fixture::{
    Catalog, Marks, content, event, later, new_table, new_table_at, new_view, noise, refused, swap,
    text_of,
};
use crate::{
    AtVersion, Effects, Entity, NewTabular, Store, StoreError, StoredMetadata, Swap, TabularContent,
};

async fn one_namespace(store: &Arc<dyn Store>) -> (Catalog, NamespaceId) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    (catalog, namespace)
}

pub async fn a_swap_replaces_content_and_counts(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let id = catalog.table(namespace, "t").await;
    let row = catalog.load(id).await.unwrap();
    let next = Swap {
        content: content("s3://bucket/spelled/otherwise/", "second"),
        ..swap(&row, "")
    };
    let marks = Marks::of(catalog.warehouse);
    catalog
        .commit(Vec::new(), vec![next.clone()], marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    let swapped = catalog.load(id).await.unwrap();
    assert_eq!(swapped.version, row.version.next());
    assert_eq!(swapped.updated_at, Some(later(1)));
    assert_eq!(swapped.content.location, next.content.location);
    assert_eq!(
        swapped.content.metadata_location,
        next.content.metadata_location
    );
    assert_eq!(swapped.content.metadata, next.content.metadata);
    assert_eq!(
        (swapped.name.as_str(), swapped.kind),
        ("t", TabularKind::Table)
    );
}

pub async fn a_new_version_is_kept_as_given(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let version = Version::of_reused_id(Timestamp::from_ms(1_700_000_000_000));
    let new = NewTabular {
        version,
        ..new_table(namespace, "t")
    };
    catalog.create(new.clone()).await.unwrap();
    let row = catalog.load(new.id).await.unwrap();
    assert_eq!(row.version, version);
    catalog.swap(vec![swap(&row, "second")]).await.unwrap();
    assert_eq!(catalog.version(new.id).await, version.next());
}

pub async fn all_changes_come_true_together(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let mut swaps = Vec::new();
    for text in ["a", "b", "c"] {
        let id = catalog.table(namespace, text).await;
        swaps.push(swap(&catalog.load(id).await.unwrap(), "second"));
    }
    let creates = vec![new_table(namespace, "d"), new_view(namespace, "e")];
    let effects = Effects {
        events: ["1", "2", "3"]
            .map(|subject| event(EventKind::UpdateTable, subject))
            .into(),
        ..Effects::none()
    };
    catalog
        .commit(creates.clone(), swaps.clone(), effects)
        .await
        .unwrap();
    for swap in swaps {
        let row = catalog.load(swap.id).await.unwrap();
        assert_eq!(
            (row.version, text_of(&row.content)),
            (swap.expected.next(), "second".into())
        );
    }
    for new in creates {
        assert_eq!(catalog.load(new.id).await.unwrap().kind, new.kind);
    }
    let events = store.outbox_read(0, 10).await.unwrap();
    let subjects: Vec<_> = events
        .iter()
        .map(|row| row.event.subject.as_str())
        .collect();
    assert_eq!(subjects, ["1", "2", "3"]);
}

pub async fn one_stale_swap_undoes_all(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let mut rows = Vec::new();
    for text in ["a", "b", "c", "d"] {
        let id = catalog.table(namespace, text).await;
        rows.push(catalog.load(id).await.unwrap());
    }
    let overtaken = [swap(&rows[1], "overtaken"), swap(&rows[3], "overtaken")];
    catalog.swap(overtaken.into()).await.unwrap();
    let marks = Marks::of(catalog.warehouse);
    let new = new_table(namespace, "new");
    let swaps = rows.iter().map(|row| swap(row, "lost")).collect();
    let lost = catalog
        .commit(vec![new.clone()], swaps, marks.effects())
        .await;
    let Err(StoreError::Stale { mut current }) = lost else {
        panic!("expected Stale, got {lost:?}");
    };
    current.sort_by_key(|row| row.id);
    let mut expected = vec![rows[1].id, rows[3].id];
    expected.sort();
    assert_eq!(
        current.iter().map(|row| row.id).collect::<Vec<_>>(),
        expected
    );
    for row in current {
        assert_eq!(row.version, Version::FIRST.next());
        assert_eq!(text_of(&row.content), "overtaken");
    }
    marks.are_absent(store).await;
    refused!(catalog.load(new.id).await, StoreError::NotFound(_));
    for row in [&rows[0], &rows[2]] {
        let kept = catalog.load(row.id).await.unwrap();
        assert_eq!(
            (kept.version, text_of(&kept.content)),
            (row.version, "first".into())
        );
    }
}

pub async fn a_gone_row_is_stale_without_a_current_one(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let id = catalog.table(namespace, "t").await;
    let row = catalog.load(id).await.unwrap();
    store
        .tabular_drop(AtVersion::of(id, row.version), Effects::none())
        .await
        .unwrap();
    let marks = Marks::of(catalog.warehouse);
    let swaps = vec![swap(&row, "late")];
    let lost = catalog.commit(Vec::new(), swaps, marks.effects()).await;
    refused!(lost, StoreError::Stale { current } if current.is_empty());
    marks.are_absent(store).await;
}

pub async fn another_warehouses_row_is_gone(store: &Arc<dyn Store>) {
    let (one, namespace) = one_namespace(store).await;
    let other = one.other("other").await;
    let there = other.namespace(&["ns"]).await;
    let id = one.table(namespace, "t").await;
    let row = one.load(id).await.unwrap();
    refused!(
        other.swap(vec![swap(&row, "foreign")]).await,
        StoreError::Stale { .. }
    );
    let replacing = NewTabular {
        replaces: Some(AtVersion::of(id, row.version)),
        ..new_table(there, "t")
    };
    refused!(other.create(replacing).await, StoreError::Stale { .. });
    assert_eq!(one.version(id).await, row.version);
}

pub async fn a_creation_needs_its_namespace(store: &Arc<dyn Store>) {
    let (catalog, _) = one_namespace(store).await;
    let other = catalog.other("other").await;
    let elsewhere = other.namespace(&["ns"]).await;
    let marks = Marks::of(catalog.warehouse);
    for nowhere in [NamespaceId::generate(), elsewhere] {
        let creates = vec![new_table(nowhere, "t")];
        let created = catalog.commit(creates, Vec::new(), marks.effects()).await;
        refused!(created, StoreError::NotFound(Entity::Namespace(id)) if id == nowhere);
    }
    marks.are_absent(store).await;
}

pub async fn names_are_shared_by_tables_and_views_but_for_case(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let inner = catalog.namespace(&["ns", "inner"]).await;
    catalog.table(namespace, "Straße").await;
    catalog.create(new_view(namespace, "VIEW")).await.unwrap();
    for new in [
        new_table(namespace, "Straße"),
        new_table(namespace, "STRASSE"),
        new_view(namespace, "strasse"),
        new_table(namespace, "view"),
    ] {
        let text = new.name.to_string();
        let created = catalog.create(new).await;
        refused!(created, StoreError::AlreadyExists(Entity::TabularName(it)) if it.as_str() == text);
    }
    catalog.table(inner, "STRASSE").await;
    // A table may have the name of a namespace beside it.
    catalog.table(namespace, "inner").await;
}

pub async fn a_taken_id_is_refused(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let other = catalog.other("other").await;
    let there = other.namespace(&["ns"]).await;
    let id = catalog.table(namespace, "t").await;
    let twin = |place| NewTabular {
        id,
        ..new_table(place, "twin")
    };
    refused!(catalog.create(twin(namespace)).await, StoreError::AlreadyExists(Entity::Tabular(it)) if it == id);
    refused!(other.create(twin(there)).await, StoreError::AlreadyExists(Entity::Tabular(it)) if it == id);
    // If the name is taken as well, that is the error.
    let same = NewTabular {
        id,
        ..new_table(namespace, "T")
    };
    refused!(
        catalog.create(same).await,
        StoreError::AlreadyExists(Entity::TabularName(_))
    );
}

pub async fn a_refused_creation_undoes_all(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let id = catalog.table(namespace, "t").await;
    let row = catalog.load(id).await.unwrap();
    let (marks, good) = (Marks::of(catalog.warehouse), new_table(namespace, "good"));
    let bad = new_table(namespace, "T");
    let swaps = vec![swap(&row, "second")];
    let created = catalog
        .commit(vec![good.clone(), bad], swaps, marks.effects())
        .await;
    refused!(created, StoreError::AlreadyExists(Entity::TabularName(_)));
    marks.are_absent(store).await;
    refused!(catalog.load(good.id).await, StoreError::NotFound(_));
    assert_eq!(catalog.version(id).await, row.version);
}

pub async fn a_replaced_entry_makes_room(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let old = new_table(namespace, "t");
    catalog.create(old.clone()).await.unwrap();
    // Replace by another id at the same name and location, then twice by the first id.
    let mut last = old.id;
    for (id, version) in [(TabularId::generate(), 5), (old.id, 6), (old.id, 9)] {
        let new = NewTabular {
            id,
            version: Version::from_i64(version),
            replaces: Some(AtVersion::of(last, catalog.version(last).await)),
            content: content(&old.claimed_location, &format!("version {version}")),
            ..old.clone()
        };
        catalog.create(new).await.unwrap();
        if id != last {
            refused!(catalog.load(last).await, StoreError::NotFound(_));
        }
        let row = catalog.load(id).await.unwrap();
        assert_eq!(row.version, Version::from_i64(version));
        assert_eq!(text_of(&row.content), format!("version {version}"));
        last = id;
    }
}

pub async fn a_replaced_entry_must_be_as_expected(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let id = catalog.table(namespace, "t").await;
    let row = catalog.load(id).await.unwrap();
    catalog.swap(vec![swap(&row, "second")]).await.unwrap();
    let marks = Marks::of(catalog.warehouse);
    let late = NewTabular {
        replaces: Some(AtVersion::of(id, row.version)),
        ..new_table(namespace, "t")
    };
    let created = catalog
        .commit(vec![late], Vec::new(), marks.effects())
        .await;
    refused!(created, StoreError::Stale { current } if current.len() == 1 && current[0].id == id);
    let gone = NewTabular {
        replaces: Some(AtVersion::of(TabularId::generate(), Version::FIRST)),
        ..new_table(namespace, "u")
    };
    let created = catalog
        .commit(vec![gone], Vec::new(), marks.effects())
        .await;
    refused!(created, StoreError::Stale { current } if current.is_empty());
    marks.are_absent(store).await;
    assert_eq!(text_of(&catalog.load(id).await.unwrap().content), "second");
}

pub async fn twins_in_one_commit_are_refused(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let one = new_table(namespace, "Name");
    let same_name = new_view(namespace, "nAME");
    let created = catalog
        .commit(vec![one.clone(), same_name], Vec::new(), Effects::none())
        .await;
    refused!(created, StoreError::AlreadyExists(Entity::TabularName(_)));
    let same_id = NewTabular {
        id: one.id,
        ..new_table(namespace, "other")
    };
    let created = catalog
        .commit(vec![one.clone(), same_id], Vec::new(), Effects::none())
        .await;
    refused!(created, StoreError::AlreadyExists(Entity::Tabular(_)));
    catalog.create(one.clone()).await.unwrap();
    let row = catalog.load(one.id).await.unwrap();
    let twice = vec![swap(&row, "second"), swap(&row, "third")];
    refused!(catalog.swap(twice).await, StoreError::Stale { .. });
    assert_eq!(catalog.version(one.id).await, row.version);
}

pub async fn large_metadata_survives(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    // Noise, which does not compress, so that the stored value is as large.
    let noise = noise(3_000_000);
    let base = new_table(namespace, "t");
    for bytes in [&noise[..], b"{}", b""] {
        let new = NewTabular {
            content: TabularContent {
                metadata: StoredMetadata::encode(bytes),
                ..base.content.clone()
            },
            ..base.clone()
        };
        let (id, version) = (new.id, new.version);
        catalog.create(new).await.unwrap();
        let row = catalog.load(id).await.unwrap();
        assert!(row.content.metadata.decode().unwrap() == bytes);
        store
            .tabular_drop(AtVersion::of(id, version), Effects::none())
            .await
            .unwrap();
    }
}

pub async fn the_longest_name_and_location_fit(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let noise = noise(Bounds::LOCATION_BYTES);
    let letters = |count: usize| -> String {
        let noise = noise.iter().take(count);
        noise.map(|byte| char::from(b'a' + byte % 26)).collect()
    };
    let location = format!("s3://{}", letters(Bounds::LOCATION_BYTES - 5));
    for text in [
        letters(Bounds::NAME_BYTES),
        "ü".repeat(Bounds::NAME_BYTES / 2),
    ] {
        let new = new_table_at(namespace, &text, &location);
        let (id, version) = (new.id, new.version);
        catalog.create(new).await.unwrap();
        assert_eq!(catalog.load(id).await.unwrap().name, text);
        let inside = new_table_at(namespace, "inside", &format!("{location}/in"));
        refused!(
            catalog.create(inside).await,
            StoreError::LocationTaken { .. }
        );
        store
            .tabular_drop(AtVersion::of(id, version), Effects::none())
            .await
            .unwrap();
    }
}

pub async fn as_many_tables_as_allowed_fit_one_commit(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let creates: Vec<_> = (0..Bounds::TABLES_PER_TRANSACTION)
        .map(|number| new_table(namespace, &format!("t{number}")))
        .collect();
    let swaps = creates.iter().map(|new| Swap {
        id: new.id,
        expected: new.version,
        claimed_location: None,
        content: content(&new.claimed_location, "second"),
        obsolete: None,
    });
    let mut swaps: Vec<_> = swaps.collect();
    let marks = Marks::of(catalog.warehouse);
    catalog
        .commit(creates, Vec::new(), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    catalog.swap(swaps.clone()).await.unwrap();
    // All swaps are stale by now, and the last one is for a table that has never existed.
    swaps.last_mut().unwrap().id = TabularId::generate();
    let lost = catalog.swap(swaps.clone()).await;
    refused!(lost, StoreError::Stale { current } if current.len() == swaps.len() - 1);
}
