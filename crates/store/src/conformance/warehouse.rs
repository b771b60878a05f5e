//! Warehouses: creation, names, base locations and changes.

use std::sync::Arc;

use model::{PageRequest, PageSize, ProjectId, SecretId, Version, WarehouseId};

use super::fixture::{
    Catalog, Marks, NOW, later, lease, name, new_project, new_warehouse, refused, task,
};
use crate::{
    Effects, Entity, Protection, Store, StoreError, TaskClaim, TaskEnd, WarehouseRow,
    WarehouseStatus,
};

fn assert_equal(one: &WarehouseRow, other: &WarehouseRow) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

async fn create(store: &Arc<dyn Store>, row: &WarehouseRow) {
    store
        .warehouse_create(row.clone(), Effects::none())
        .await
        .unwrap();
}

async fn project(store: &Arc<dyn Store>) -> ProjectId {
    let project = new_project();
    store
        .project_create(project.clone(), Effects::none())
        .await
        .unwrap();
    project.id
}

/// Storage profiles, their base locations as written up to the thirteenth migration, and what later migrations make
/// of these locations.
pub const FORMER_ADDRESSES: [(&str, &str, &str); 9] = [
    ("{}", "file:///data/wh", "file:///data/wh"),
    (
        r#"{"type":"s3","endpoint":null}"#,
        "s3://lake/a",
        "s3://lake/a",
    ),
    (
        r#"{"type":"s3","endpoint":"https://s3.eu-west-1.amazonaws.com/"}"#,
        "s3://lake2/a",
        "s3://lake2/a",
    ),
    (
        r#"{"type":"s3","endpoint":"https://s3.cn-north-1.amazonaws.com.cn:443"}"#,
        "s3://lake4/a",
        "s3://lake4/a",
    ),
    (
        r#"{"type":"s3","endpoint":"http://minio:9000/"}"#,
        "s3://lake3/a",
        "http://minio:9000/lake3/a",
    ),
    (
        r#"{"type":"s3","endpoint":"http://minio.elb.eu-west-1.amazonaws.com:9000/"}"#,
        "s3://lake5/a",
        "http://minio.elb.eu-west-1.amazonaws.com:9000/lake5/a",
    ),
    (
        r#"{"type":"s3","endpoint":"https://s3.eusc-de-east-1.amazonaws.eu/"}"#,
        "s3://lake6/a",
        "s3://lake6/a",
    ),
    (
        r#"{"type":"s3","endpoint":"https://minio.elb.eusc-de-east-1.amazonaws.eu"}"#,
        "s3://lake7/a",
        "https://minio.elb.eusc-de-east-1.amazonaws.eu/lake7/a",
    ),
    (
        r#"{"type":"onelake"}"#,
        "abfss://w@westus-onelake.dfs.fabric.microsoft.com/house/Files",
        "abfss://w@onelake/house/Files",
    ),
];

pub async fn what_was_created_is_loaded(store: &Arc<dyn Store>) {
    let row = WarehouseRow {
        status: WarehouseStatus::Inactive,
        protection: Protection::On,
        storage_secret: Some(SecretId::generate()),
        storage_profile: "{\"b\": 1, \"a\": \"ü\", \"n\": 1.50}".to_owned(),
        settings: "{ \"x\":[] }".to_owned(),
        updated_at: Some(later(5)),
        ..new_warehouse(&project(store).await, "My Warehouse Ä")
    };
    let marks = Marks::of(row.id);
    store
        .warehouse_create(row.clone(), marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    assert_equal(&store.warehouse_load(row.id).await.unwrap(), &row);
    let found = store
        .warehouse_find(&row.project, &name("mY wAREHOUSE ä"))
        .await
        .unwrap();
    assert_equal(&found.unwrap(), &row);
}

pub async fn it_needs_its_project(store: &Arc<dyn Store>) {
    let (row, marks) = (
        new_warehouse(&ProjectId::generate(), "w"),
        Marks::without_task(),
    );
    let created = store.warehouse_create(row.clone(), marks.effects()).await;
    refused!(created, StoreError::NotFound(Entity::Project(id)) if id == row.project);
    marks.are_absent(store).await;
    refused!(store.warehouse_load(row.id).await, StoreError::NotFound(Entity::Warehouse(id)) if id == row.id);
    let found = store.warehouse_find(&row.project, &row.name).await.unwrap();
    assert!(found.is_none());
    let page = store
        .warehouse_list(&row.project, PageRequest::FIRST)
        .await
        .unwrap();
    assert!(page.items.is_empty() && page.next.is_none());
}

pub async fn names_are_unique_in_a_project_but_for_case(store: &Arc<dyn Store>) {
    let (one, other) = (project(store).await, project(store).await);
    let first = new_warehouse(&one, "Straße ΣΑΣ");
    create(store, &first).await;
    let twin = new_warehouse(&one, "STRASSE σας");
    let marks = Marks::without_task();
    let created = store.warehouse_create(twin, marks.effects()).await;
    refused!(created, StoreError::AlreadyExists(Entity::WarehouseName(it)) if it.as_str() == "STRASSE σας");
    marks.are_absent(store).await;
    create(store, &new_warehouse(&other, "STRASSE σας")).await;
    let same_id = WarehouseRow {
        id: first.id,
        ..new_warehouse(&one, "another")
    };
    let created = store.warehouse_create(same_id, Effects::none()).await;
    refused!(created, StoreError::AlreadyExists(Entity::Warehouse(id)) if id == first.id);
}

pub async fn base_locations_never_overlap(store: &Arc<dyn Store>) {
    let (one, other) = (project(store).await, project(store).await);
    let at = |project: &ProjectId, location: &str| WarehouseRow {
        base_location: location.to_owned(),
        ..new_warehouse(project, &WarehouseId::generate().to_string())
    };
    create(store, &at(&one, "s3://bucket/data/orders")).await;
    for (project, location) in [
        (&one, "s3://bucket/data/orders"),
        (&other, "s3://bucket/data/orders"),
        (&other, "s3://bucket/data/orders/2024"),
        (&one, "s3://bucket/data/orders/a/b/c"),
        (&other, "s3://bucket/data"),
        (&one, "s3://bucket"),
    ] {
        let created = store
            .warehouse_create(at(project, location), Effects::none())
            .await;
        refused!(created, StoreError::LocationTaken { location: it, other }
            if it == location && other == "s3://bucket/data/orders");
        // A look-up before the creation reports the same overlap.
        let other = store.warehouse_overlapping(WarehouseId::generate(), location);
        let other = other.await.unwrap();
        assert_eq!(other.as_deref(), Some("s3://bucket/data/orders"));
    }
    for location in [
        "s3://bucket/data/orders2",
        "s3://bucket/data/order",
        "s3://bucket/data/Orders",
        "s3://bucket/data/orders-",
        "s3://bucket/data/orders.",
        "s3://bucket2",
    ] {
        let none = store.warehouse_overlapping(WarehouseId::generate(), location);
        assert_eq!(none.await.unwrap(), None, "{location}");
        create(store, &at(&other, location)).await;
    }
    // Neighbours may also be created in the opposite order.
    for location in [
        "s3://c/data-old",
        "s3://c/data.old",
        "s3://c/data2",
        "s3://c/data",
    ] {
        create(store, &at(&one, location)).await;
    }
}

pub async fn lists_are_cut_into_pages_by_folded_name(store: &Arc<dyn Store>) {
    let (one, other) = (project(store).await, project(store).await);
    for text in ["b", "A", "c", "Ä", "a b", "AB"] {
        create(store, &new_warehouse(&one, text)).await;
    }
    create(store, &new_warehouse(&other, "a")).await;
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let size = PageSize::clamped(4);
        let request = PageRequest { after, size };
        let page = store.warehouse_list(&one, request).await.unwrap();
        names.extend(page.items.iter().map(|row| row.name.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["A", "a b", "AB", "b", "c", "Ä"]);
}

pub async fn an_update_replaces_what_may_change(store: &Arc<dyn Store>) {
    let row = new_warehouse(&project(store).await, "name");
    create(store, &row).await;
    let wanted = WarehouseRow {
        name: name("NAME"),
        status: WarehouseStatus::Inactive,
        protection: Protection::On,
        storage_profile: "{\"other\":true}".to_owned(),
        base_location: format!("https://elsewhere/{}", row.id),
        storage_secret: Some(SecretId::generate()),
        settings: "{\"s\":1}".to_owned(),
        updated_at: Some(later(9)),
        ..row.clone()
    };
    let asked = WarehouseRow {
        project: project(store).await,
        created_at: later(77),
        ..wanted.clone()
    };
    let marks = Marks::of(row.id);
    store
        .warehouse_update(asked, marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    let expected = WarehouseRow {
        version: row.version.next(),
        ..wanted
    };
    assert_equal(&store.warehouse_load(row.id).await.unwrap(), &expected);
}

pub async fn a_stale_or_pointless_update_is_refused(store: &Arc<dyn Store>) {
    let project = project(store).await;
    let (row, neighbour) = (
        new_warehouse(&project, "name"),
        new_warehouse(&project, "Neighbour"),
    );
    create(store, &row).await;
    create(store, &neighbour).await;
    let marks = Marks::of(row.id);
    let clash = WarehouseRow {
        name: name("nEIGHBOUR"),
        ..row.clone()
    };
    let updated = store.warehouse_update(clash, marks.effects()).await;
    refused!(updated, StoreError::AlreadyExists(Entity::WarehouseName(_)));
    let stale = WarehouseRow {
        version: Version::from_i64(99),
        ..row.clone()
    };
    let updated = store.warehouse_update(stale, marks.effects()).await;
    refused!(updated, StoreError::Stale { current } if current.is_empty());
    let seen_before = (row.id, Version::from_i64(99));
    let dropped = store.warehouse_drop(seen_before, marks.effects()).await;
    refused!(dropped, StoreError::Stale { current } if current.is_empty());
    let onto_the_neighbour = WarehouseRow {
        base_location: format!("{}/below", neighbour.base_location),
        ..row.clone()
    };
    let updated = store.warehouse_update(onto_the_neighbour, marks.effects());
    refused!(updated.await, StoreError::LocationTaken { other, .. } if other == neighbour.base_location);
    let gone = new_warehouse(&project, "gone");
    let updated = store.warehouse_update(gone.clone(), Effects::none()).await;
    refused!(updated, StoreError::NotFound(Entity::Warehouse(id)) if id == gone.id);
    marks.are_absent(store).await;
    assert_equal(&store.warehouse_load(row.id).await.unwrap(), &row);
}

pub async fn what_is_not_empty_stays(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let waiting = task("purge", catalog.warehouse);
    let namespace = catalog.new_namespace(&["ns"]);
    let effects = Effects {
        tasks: vec![waiting.clone()],
        ..Effects::none()
    };
    let id = namespace.id;
    store.namespace_create(namespace, effects).await.unwrap();
    let marks = Marks::without_task();
    let drop = || store.warehouse_drop((catalog.warehouse, Version::FIRST), marks.effects());
    refused!(drop().await, StoreError::NotEmpty(Entity::Warehouse(it)) if it == catalog.warehouse);
    let removal = crate::NamespaceDrop {
        mode: crate::DropMode::Hard,
        at: NOW,
        id,
        expected: Version::FIRST,
        tree: crate::NamespaceTree::default(),
    };
    store
        .namespace_drop(removal, Effects::none())
        .await
        .unwrap();
    refused!(drop().await, StoreError::NotEmpty(Entity::Warehouse(_)));
    let claimed = store
        .task_claim("purge", "worker", lease(NOW, later(10)))
        .await
        .unwrap();
    assert_eq!(claimed.unwrap().id, waiting.id);
    refused!(drop().await, StoreError::NotEmpty(Entity::Warehouse(_)));
    marks.are_absent(store).await;
    let message = String::new();
    store
        .task_end(
            TaskClaim::of(waiting.id, "worker"),
            TaskEnd::Done { message },
            NOW,
            Effects::none(),
        )
        .await
        .unwrap();
    drop().await.unwrap();
    marks.are_there(store).await;
}

pub async fn a_dropped_one_leaves_room(store: &Arc<dyn Store>) {
    let row = new_warehouse(&project(store).await, "name");
    create(store, &row).await;
    store
        .warehouse_drop((row.id, Version::FIRST), Effects::none())
        .await
        .unwrap();
    refused!(
        store.warehouse_load(row.id).await,
        StoreError::NotFound(Entity::Warehouse(_))
    );
    let marks = Marks::without_task();
    let dropped = store
        .warehouse_drop((row.id, Version::FIRST), marks.effects())
        .await;
    refused!(dropped, StoreError::NotFound(Entity::Warehouse(id)) if id == row.id);
    marks.are_absent(store).await;
    let next = WarehouseRow {
        id: WarehouseId::generate(),
        ..row
    };
    create(store, &next).await;
}
