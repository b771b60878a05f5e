//! No table or view lies in, around or at another one's location.

use std::sync::Arc;

use model::{NamespaceId, TabularId};

use super::fixture::{
    Catalog, Marks, NOW, later, new_project, new_table_at, new_view, refused, swap, task,
};
use crate::{Effects, NewTabular, NewTask, Result, Store, StoreError, Swap, TaskEnd};

async fn one_namespace(store: &Arc<dyn Store>) -> (Catalog, NamespaceId) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    (catalog, namespace)
}

fn at(namespace: NamespaceId, location: &str) -> NewTabular {
    new_table_at(namespace, &TabularId::generate().to_string(), location)
}

async fn placed(catalog: &Catalog, namespace: NamespaceId, location: &str) -> TabularId {
    let new = at(namespace, location);
    let id = new.id;
    catalog.create(new).await.unwrap();
    id
}

async fn moved(catalog: &Catalog, id: TabularId, location: &str) -> Result<()> {
    let swap = Swap {
        claimed_location: Some(location.to_owned()),
        ..swap(&catalog.load(id).await.unwrap(), "moved")
    };
    catalog.swap(vec![swap]).await
}

pub async fn overlaps_are_refused(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let other = catalog.namespace(&["other"]).await;
    placed(&catalog, namespace, "s3://b/data/orders").await;
    placed(&catalog, namespace, "file:///tmp/ü/x").await;
    let marks = Marks::of(catalog.warehouse);
    for (location, taken) in [
        ("s3://b/data/orders", "s3://b/data/orders"),
        ("s3://b/data/orders/in", "s3://b/data/orders"),
        ("s3://b/data/orders/in/deep/er", "s3://b/data/orders"),
        ("s3://b/data", "s3://b/data/orders"),
        ("s3://b", "s3://b/data/orders"),
        ("file:///tmp", "file:///tmp/ü/x"),
        ("file://", "file:///tmp/ü/x"),
        ("file:///tmp/ü/x/y", "file:///tmp/ü/x"),
    ] {
        for place in [namespace, other] {
            let creates = vec![at(place, location)];
            let created = catalog.commit(creates, Vec::new(), marks.effects()).await;
            refused!(created, StoreError::LocationTaken { location: it, other }
                if it == location && other == taken);
        }
    }
    let view = NewTabular {
        claimed_location: "s3://b/data/orders".to_owned(),
        ..new_view(namespace, "view")
    };
    refused!(catalog.create(view).await, StoreError::LocationTaken { .. });
    marks.are_absent(store).await;
}

pub async fn neighbours_are_not_overlaps(store: &Arc<dyn Store>) {
    const NEIGHBOURS: [&str; 16] = [
        "s3://b/data/orders",
        "s3://b/data/orders2",
        "s3://b/data/order",
        "s3://b/data/orders-old",
        "s3://b/data/orders.old",
        "s3://b/data/orders 2",
        "s3://b/data/orders!",
        "s3://b/data/orders%2Fx",
        "s3://b/data/orders_",
        "s3://b/data/order_",
        "s3://b/data/orders\u{10ffff}",
        "s3://b/data/Orders",
        "s3://B/data/orders",
        "s3://b2/data/orders",
        "gs://b/data/orders",
        "s3://b/data/x/orders",
    ];
    let (catalog, namespace) = one_namespace(store).await;
    for location in NEIGHBOURS {
        placed(&catalog, namespace, location).await;
    }
    // Each of them may come first.
    let other = catalog.other("other").await;
    let namespace = other.namespace(&["ns"]).await;
    for location in NEIGHBOURS.into_iter().rev() {
        placed(&other, namespace, location).await;
    }
}

pub async fn warehouses_do_not_share_locations(store: &Arc<dyn Store>) {
    let (one, here) = one_namespace(store).await;
    let other = one.other("other").await;
    let there = other.namespace(&["ns"]).await;
    placed(&one, here, "s3://b/t").await;
    placed(&other, there, "s3://b/t/inner").await;
}

pub async fn a_move_is_checked_and_frees_the_old_place(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let one = placed(&catalog, namespace, "s3://b/one").await;
    let two = placed(&catalog, namespace, "s3://b/two").await;
    for location in ["s3://b/one", "s3://b/one/in", "s3://b"] {
        let refused = moved(&catalog, two, location).await;
        refused!(refused, StoreError::LocationTaken { other, .. } if other == "s3://b/one");
    }
    // Into itself, around itself, to where it is.
    for location in ["s3://b/two/in", "s3://b/two", "s3://b/two"] {
        moved(&catalog, two, location).await.unwrap();
    }
    moved(&catalog, one, "s3://b/three").await.unwrap();
    moved(&catalog, two, "s3://b/one/in").await.unwrap();
    placed(&catalog, namespace, "s3://b/two").await;
}

pub async fn places_may_be_handed_on_in_one_commit(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let one = placed(&catalog, namespace, "s3://b/one").await;
    let two = placed(&catalog, namespace, "s3://b/two").await;
    let to = async |id, location: &str| Swap {
        claimed_location: Some(location.to_owned()),
        ..swap(&catalog.load(id).await.unwrap(), "moved")
    };
    let exchange = vec![to(one, "s3://b/two").await, to(two, "s3://b/one").await];
    catalog.swap(exchange).await.unwrap();
    let creates = vec![at(namespace, "s3://b/two/in")];
    let swaps = vec![to(one, "s3://b/four").await];
    catalog
        .commit(creates, swaps, Effects::none())
        .await
        .unwrap();
    refused!(
        moved(&catalog, one, "s3://b/one").await,
        StoreError::LocationTaken { .. }
    );
}

pub async fn twins_in_one_commit_overlap(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let marks = Marks::of(catalog.warehouse);
    for pair in [
        ["s3://b/t", "s3://b/t"],
        ["s3://b/t", "s3://b/t/in"],
        ["s3://b/t/in", "s3://b/t"],
    ] {
        let creates = pair.map(|location| at(namespace, location)).into();
        let created = catalog.commit(creates, Vec::new(), marks.effects()).await;
        refused!(created, StoreError::LocationTaken { .. });
    }
    marks.are_absent(store).await;
}

/// Until the files of a dropped table are gone, nothing new may be put among them.
pub async fn what_a_task_will_empty_is_taken(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let purge = NewTask {
        subject: "s3://b/data/orders".to_owned(),
        ..task("purge", catalog.warehouse)
    };
    let id = purge.id;
    let effects = Effects {
        tasks: vec![purge],
        ..Effects::none()
    };
    let project = store.project_create(new_project(), effects);
    project.await.unwrap();
    for location in ["s3://b/data/orders", "s3://b/data/orders/in", "s3://b/data"] {
        let created = catalog.create(at(namespace, location)).await;
        refused!(created, StoreError::LocationTaken { other, .. } if other == "s3://b/data/orders");
    }
    placed(&catalog, namespace, "s3://b/data/orders2").await;
    let claimed = store.task_claim("purge", "worker", NOW, later(1)).await;
    assert_eq!(claimed.unwrap().unwrap().id, id);
    let message = "emptied".to_owned();
    let end = TaskEnd::Done { message };
    store.task_end(id, "worker", end, NOW).await.unwrap();
    placed(&catalog, namespace, "s3://b/data/orders").await;
}
