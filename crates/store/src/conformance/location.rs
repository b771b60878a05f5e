//! Locations of tables and views never overlap.

use std::sync::Arc;

use model::{NamespaceId, TabularId, Version};

use super::fixture::{
    Catalog, Marks, NOW, later, lease, new_project, new_table_at, new_view, refused, swap, task,
};
use super::soft_deletion::soft_drop;
use crate::{
    AtVersion, Effects, NamespaceDrop, NewTabular, NewTask, Result, Store, StoreError, Swap,
    TaskClaim, TaskEnd,
};

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
    // In reverse order, so that each pair of neighbours is created in both orders.
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

/// A swap that moves the table to the location.
async fn to(catalog: &Catalog, id: TabularId, location: &str) -> Swap {
    Swap {
        claimed_location: Some(location.to_owned()),
        ..swap(&catalog.load(id).await.unwrap(), "moved")
    }
}

async fn moved(catalog: &Catalog, id: TabularId, location: &str) -> Result<()> {
    catalog.swap(vec![to(catalog, id, location).await]).await
}

/// Locations at, in and around `s3://b/{name}`.
fn about(name: &str) -> [String; 3] {
    [
        format!("s3://b/{name}"),
        format!("s3://b/{name}/in"),
        "s3://b".to_owned(),
    ]
}

pub async fn a_move_is_checked_and_keeps_the_old_place(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let one = placed(&catalog, namespace, "s3://b/one").await;
    let two = placed(&catalog, namespace, "s3://b/two").await;
    for location in about("one") {
        let refused = moved(&catalog, two, &location).await;
        refused!(refused, StoreError::LocationTaken { other, .. } if other == "s3://b/one");
    }
    moved(&catalog, one, "s3://b/three").await.unwrap();
    moved(&catalog, one, "s3://b/four").await.unwrap();
    let row = catalog.load(one).await.unwrap();
    catalog.swap(vec![swap(&row, "stayed")]).await.unwrap();
    let marks = Marks::of(catalog.warehouse);
    for place in ["one", "three", "four"] {
        let [at_it, in_it, around] = about(place);
        for location in [&at_it, &in_it] {
            let refused = moved(&catalog, two, location).await;
            refused!(refused, StoreError::LocationTaken { other, .. } if other == at_it);
            let creates = vec![at(namespace, location)];
            let created = catalog.commit(creates, Vec::new(), marks.effects()).await;
            refused!(created, StoreError::LocationTaken { location: it, other }
                if it == *location && other == at_it);
        }
        let created = catalog.create(at(namespace, &around)).await;
        refused!(created, StoreError::LocationTaken { .. });
    }
    marks.are_absent(store).await;
    placed(&catalog, namespace, "s3://b/one2").await;
    let other = catalog.other("other").await;
    let there = other.namespace(&["ns"]).await;
    placed(&other, there, "s3://b/one").await;
}

pub async fn a_table_moves_into_around_and_back_to_its_own_places(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let id = placed(&catalog, namespace, "s3://b/t").await;
    for location in [
        "s3://b/t/in",
        "s3://b/t",
        "s3://b/t",
        "s3://b/u",
        "s3://b/t/in/deep",
        "s3://b",
        "s3://b/u",
        "s3://b/t",
    ] {
        moved(&catalog, id, location).await.unwrap();
    }
    let mut places = store.tabular_former_locations(vec![id]).await.unwrap();
    places.retain(|place| place != "s3://b/t");
    places.sort_unstable();
    let expected = ["s3://b", "s3://b/t/in", "s3://b/t/in/deep", "s3://b/u"];
    assert_eq!(places, expected, "each once");
}

pub async fn former_locations_are_told_of_those_that_were_asked_for(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        let id = placed(&catalog, namespace, &format!("s3://b/{name}/1")).await;
        ids.push(id);
        moved(&catalog, id, &format!("s3://b/{name}/2"))
            .await
            .unwrap();
    }
    let still = placed(&catalog, namespace, "s3://b/still").await;
    let told = async |ids: &[TabularId]| {
        let mut told = store.tabular_former_locations(ids.to_vec()).await.unwrap();
        told.sort_unstable();
        told
    };
    let nobody = TabularId::generate();
    assert_eq!(
        told(&[ids[0], still, nobody, ids[2]]).await,
        ["s3://b/a/1", "s3://b/c/1"]
    );
    assert!(told(&[still, nobody]).await.is_empty());
    assert!(told(&[]).await.is_empty());
    // Refused moves leave no former location.
    let mut stale = to(&catalog, still, "s3://b/elsewhere").await;
    stale.expected = stale.expected.next();
    refused!(catalog.swap(vec![stale]).await, StoreError::Stale { .. });
    let taken = moved(&catalog, still, "s3://b/a/1").await;
    refused!(taken, StoreError::LocationTaken { .. });
    assert!(told(&[still]).await.is_empty());
}

pub async fn what_lies_in_a_place_finds_whose_it_is(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let stays = placed(&catalog, namespace, "s3://b/data/stays").await;
    placed(&catalog, namespace, "s3://b/data/stays2").await;
    let moves = placed(&catalog, namespace, "s3://b/data/ü").await;
    for location in ["s3://b/there", "s3://b/data/ü/in", "s3://b/there"] {
        moved(&catalog, moves, location).await.unwrap();
    }
    let view = new_view(namespace, "view");
    let (view_id, view_place) = (view.id, view.claimed_location.clone());
    catalog.create(view).await.unwrap();
    let find = async |catalog: &Catalog, location: &str| {
        let found = store.tabular_find_by_location(catalog.warehouse, location.to_owned());
        found.await.unwrap()
    };
    let in_the_view = format!("{view_place}/a");
    for (location, id, place) in [
        ("s3://b/data/stays", stays, "s3://b/data/stays"),
        (
            "s3://b/data/stays/a b/c.parquet",
            stays,
            "s3://b/data/stays",
        ),
        ("s3://b/there/a", moves, "s3://b/there"),
        ("s3://b/data/ü/a", moves, "s3://b/data/ü"),
        ("s3://b/data/ü/in", moves, "s3://b/data/ü/in"),
        ("s3://b/data/ü/in/a", moves, "s3://b/data/ü/in"),
        (in_the_view.as_str(), view_id, view_place.as_str()),
    ] {
        let found = find(&catalog, location).await.unwrap();
        assert_eq!((found.stamp.id, found.place.as_str()), (id, place));
        let row = catalog.load(id).await.unwrap();
        assert_eq!(found.namespace, namespace);
        assert_eq!(
            (found.stamp.kind, found.stamp.version),
            (row.kind, row.version)
        );
        assert_eq!(found.stamp.protection, row.protection);
    }
    let other = catalog.other("other").await;
    assert!(find(&other, "s3://b/data/stays/a").await.is_none());
    for location in [
        "s3://b",
        "s3://b/data",
        "s3://b/data/stay",
        "s3://b/data/Stays/a",
        "gs://b/there",
        "",
    ] {
        assert!(find(&catalog, location).await.is_none(), "{location}");
    }
    let seen = AtVersion::of(moves, catalog.version(moves).await);
    store.tabular_drop(seen, Effects::none()).await.unwrap();
    assert!(find(&catalog, "s3://b/data/ü/a").await.is_none());
    soft_drop(&catalog, stays).await;
    assert!(find(&catalog, "s3://b/data/stays/a").await.is_none());
}

pub async fn what_a_creation_would_be_refused_for_is_told(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let id = placed(&catalog, namespace, "s3://b/data/ü").await;
    moved(&catalog, id, "s3://b/there").await.unwrap();
    let purge = NewTask {
        subject: "s3://b/emptied".to_owned(),
        ..task("purge", catalog.warehouse)
    };
    let effects = Effects {
        tasks: vec![purge],
        ..Effects::none()
    };
    let project = store.project_create(new_project(), effects);
    project.await.unwrap();
    let taken = async |catalog: &Catalog, location: &str| {
        let taken = store.tabular_location_taken(catalog.warehouse, location.to_owned());
        taken.await.unwrap()
    };
    let other = catalog.other("other").await;
    for (location, expected) in [
        ("s3://b/data", Some("s3://b/data/ü")),
        ("s3://b/data/ü", Some("s3://b/data/ü")),
        ("s3://b/data/ü/in/deep", Some("s3://b/data/ü")),
        ("s3://b/there", Some("s3://b/there")),
        ("s3://b/there/in", Some("s3://b/there")),
        ("s3://b/emptied", Some("s3://b/emptied")),
        ("s3://b/emptied/in", Some("s3://b/emptied")),
        ("s3://b/data/üb", None),
        ("s3://b/there2", None),
        ("s3://b/the", None),
        ("s3://b/emptied2", None),
        ("gs://b/there", None),
    ] {
        assert_eq!(taken(&catalog, location).await.as_deref(), expected);
        assert!(taken(&other, location).await.is_none(), "{location}");
        if let Some(expected) = expected {
            let created = catalog.create(at(namespace, location)).await;
            refused!(created, StoreError::LocationTaken { other, .. } if other == expected);
        }
    }
    // Any of the several overlapping locations may be returned.
    assert!(taken(&catalog, "s3://b").await.is_some());
}

pub async fn places_are_not_handed_on_by_a_move(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let one = placed(&catalog, namespace, "s3://b/one").await;
    let two = placed(&catalog, namespace, "s3://b/two").await;
    let exchange = vec![
        to(&catalog, one, "s3://b/two").await,
        to(&catalog, two, "s3://b/one").await,
    ];
    refused!(
        catalog.swap(exchange).await,
        StoreError::LocationTaken { .. }
    );
    for location in ["s3://b/one", "s3://b/one/in"] {
        let follow = vec![
            to(&catalog, one, "s3://b/three").await,
            to(&catalog, two, location).await,
        ];
        let refused = catalog.swap(follow).await;
        refused!(refused, StoreError::LocationTaken { other, .. } if other == "s3://b/one");
        let creates = vec![at(namespace, location)];
        let swaps = vec![to(&catalog, one, "s3://b/three").await];
        let refused = catalog.commit(creates, swaps, Effects::none()).await;
        refused!(refused, StoreError::LocationTaken { other, .. } if other == "s3://b/one");
    }
    // Nothing was changed: the new location is still free.
    placed(&catalog, namespace, "s3://b/three").await;
}

pub async fn what_replaces_a_table_may_be_at_any_of_its_places(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let mut id = placed(&catalog, namespace, "s3://b/0").await;
    for round in 1..4 {
        moved(&catalog, id, &format!("s3://b/{round}"))
            .await
            .unwrap();
        let version = catalog.version(id).await;
        let new = NewTabular {
            replaces: Some(AtVersion::of(id, version)),
            ..at(namespace, "s3://b/0")
        };
        // In one round it keeps its id.
        let new = if round == 2 {
            NewTabular { id, ..new }
        } else {
            new
        };
        id = new.id;
        let other = at(namespace, &format!("s3://b/{round}/in"));
        let both = catalog.commit(vec![new, other], Vec::new(), Effects::none());
        both.await.unwrap();
        let former = store.tabular_former_locations(vec![id]).await.unwrap();
        assert!(former.is_empty(), "{former:?}");
    }
}

pub async fn a_drop_frees_every_place(store: &Arc<dyn Store>) {
    let (catalog, namespace) = one_namespace(store).await;
    let inner = catalog.namespace(&["ns", "inner"]).await;
    for round in 0..2 {
        let id = placed(&catalog, inner, "s3://b/one").await;
        moved(&catalog, id, "s3://b/two").await.unwrap();
        if round == 0 {
            let seen = AtVersion::of(id, catalog.version(id).await);
            store.tabular_drop(seen, Effects::none()).await.unwrap();
            continue;
        }
        let drop = NamespaceDrop {
            mode: crate::DropMode::Hard,
            at: NOW,
            id: namespace,
            expected: Version::FIRST,
            tree: store
                .namespace_tree(catalog.warehouse, namespace)
                .await
                .unwrap(),
        };
        store.namespace_drop(drop, Effects::none()).await.unwrap();
    }
    let namespace = catalog.namespace(&["ns"]).await;
    placed(&catalog, namespace, "s3://b/one/in").await;
    placed(&catalog, namespace, "s3://b/two").await;
    let drop = store.namespace_tree(catalog.warehouse, namespace).await;
    let drop = NamespaceDrop {
        mode: crate::DropMode::Hard,
        at: NOW,
        id: namespace,
        expected: Version::FIRST,
        tree: drop.unwrap(),
    };
    store.namespace_drop(drop, Effects::none()).await.unwrap();
    let dropped = store.warehouse_drop((catalog.warehouse, Version::FIRST), Effects::none());
    dropped.await.unwrap();
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

/// Until the files of a dropped table are deleted, nothing new may be placed there.
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
    let claimed = store
        .task_claim("purge", "worker", lease(NOW, later(1)))
        .await;
    assert_eq!(claimed.unwrap().unwrap().id, id);
    let message = "emptied".to_owned();
    let end = TaskEnd::Done { message };
    store
        .task_end(TaskClaim::of(id, "worker"), end, NOW, Effects::none())
        .await
        .unwrap();
    placed(&catalog, namespace, "s3://b/data/orders").await;
}
