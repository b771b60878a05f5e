//! Concurrent changes that exclude each other: exactly one succeeds.

use std::sync::Arc;
use std::time::Duration;

use model::Version;

use super::fixture::{
    Catalog, later, lease, name, new_table, new_table_at, new_view, new_warehouse, swap,
};
use super::soft_deletion::{expiries, soft_drop, undrop};
use crate::{
    Effects, Entity, NamespaceDrop, NamespaceTree, NewTabular, Result, SOFT_DELETION, Store,
    StoreError, Swap, TabularRename, TaskClaim, TaskEnd, WarehouseRow,
};

const RUNNERS: usize = 50;
const ROUNDS: usize = 15;

/// Each of these locations overlaps with each other one.
const NESTED: [&str; 4] = [
    "s3://race/a",
    "s3://race/a/b",
    "s3://race/a/b/c",
    "s3://race",
];

pub(super) async fn all<C>(runs: impl IntoIterator<Item = C>) -> Vec<Result<()>>
where
    C: Future<Output = Result<()>> + Send + 'static,
{
    let runs: Vec<_> = runs.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::new();
    for run in runs {
        results.push(run.await.unwrap());
    }
    results
}

/// Asserts that one change succeeds and that all others are refused for the expected reason.
pub(super) fn assert_one_wins(results: &[Result<()>], expected: impl Fn(&StoreError) -> bool) {
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(expected(error), "{error}");
    }
}

fn is_location_taken(error: &StoreError) -> bool {
    matches!(error, StoreError::LocationTaken { .. })
}

pub async fn of_many_creations_of_one_name_one_wins(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let results = all((0..RUNNERS).map(|runner| {
        let catalog = catalog.clone();
        let text = ["Näme", "nÄME"][runner % 2];
        let new = match runner % 3 {
            0 => new_view(namespace, text),
            _ => new_table(namespace, text),
        };
        async move { catalog.create(new).await }
    }))
    .await;
    assert_one_wins(&results, |error| {
        matches!(error, StoreError::AlreadyExists(Entity::TabularName(_)))
    });
    let namespaces = all((0..RUNNERS).map(|runner| {
        let catalog = catalog.clone();
        let namespace = catalog.new_namespace(&[["Ä"], ["ä"]][runner % 2]);
        async move {
            catalog
                .store
                .namespace_create(namespace, Effects::none())
                .await
        }
    }))
    .await;
    assert_one_wins(&namespaces, |error| {
        matches!(error, StoreError::AlreadyExists(Entity::NamespacePath(_)))
    });
}

pub async fn of_overlapping_creations_one_wins(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    for round in 0..ROUNDS {
        let namespace = catalog.namespace(&[&format!("ns{round}")]).await;
        let results = all((0..12).map(|runner| {
            let catalog = catalog.clone();
            let place = NESTED[(runner + round) % 4].replace("race", &format!("race{round}"));
            // A version beyond the first also increments the grants version, on connections that have not prepared
            // that statement.
            let version = [Version::from_i64(1 << 40), Version::FIRST][round % 2];
            let new = NewTabular {
                version,
                ..new_table_at(namespace, &format!("t{runner}"), &place)
            };
            async move { catalog.create(new).await }
        }))
        .await;
        assert_one_wins(&results, is_location_taken);
    }
}

pub async fn of_overlapping_moves_one_wins(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    for round in 0..ROUNDS {
        let mut runs = Vec::new();
        for runner in 0..8 {
            let new = new_table(namespace, &format!("t{round} {runner}"));
            let place = NESTED[runner % 4].replace("race", &format!("race{round}"));
            let catalog = catalog.clone();
            // Half of the tables are created at the location, the other half move to it.
            let mut moves = Vec::new();
            if runner % 2 == 0 {
                catalog.create(new.clone()).await.unwrap();
                moves.push(Swap {
                    claimed_location: Some(place.clone()),
                    ..swap(&catalog.load(new.id).await.unwrap(), "moved")
                });
            }
            runs.push(async move {
                if moves.is_empty() {
                    let claimed_location = place;
                    let new = NewTabular {
                        claimed_location,
                        ..new
                    };
                    return catalog.create(new).await;
                }
                catalog.swap(moves).await
            });
        }
        assert_one_wins(&all(runs).await, is_location_taken);
    }
}

pub async fn nobody_gets_in_where_a_table_moves_away(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    for round in 0..ROUNDS {
        let place = |at: &str| format!("s3://race{round}/{at}");
        let new = new_table_at(namespace, &format!("t{round}"), &place("a/b"));
        catalog.create(new.clone()).await.unwrap();
        let leave = Swap {
            claimed_location: Some(place("away")),
            ..swap(&catalog.load(new.id).await.unwrap(), "moved")
        };
        let mut runs: Vec<_> = NESTED
            .iter()
            .map(|nested| nested.replace("race", &format!("race{round}")))
            .map(|location| {
                let name = format!("t{round} at {location}");
                vec![new_table_at(namespace, &name, &location)]
            })
            .map(|creates| (creates, Vec::new()))
            .collect();
        runs.insert(round % 4, (Vec::new(), vec![leave]));
        let mut results = all(runs.into_iter().map(|(creates, swaps)| {
            let catalog = catalog.clone();
            async move { catalog.commit(creates, swaps, Effects::none()).await }
        }))
        .await;
        results.remove(round % 4).unwrap();
        for result in results {
            assert!(is_location_taken(&result.unwrap_err()));
        }
    }
}

pub async fn of_overlapping_warehouses_one_wins(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let create = |warehouse: WarehouseRow| {
        let store = Arc::clone(store);
        async move { store.warehouse_create(warehouse, Effects::none()).await }
    };
    let results = all((0..12).map(|runner: usize| {
        create(WarehouseRow {
            base_location: NESTED[runner % 4].to_owned(),
            ..new_warehouse(&catalog.project, &format!("w{runner}"))
        })
    }))
    .await;
    assert_one_wins(&results, is_location_taken);
    let results = all((0..12).map(|runner: usize| {
        create(new_warehouse(
            &catalog.project,
            ["Twin", "tWIN"][runner % 2],
        ))
    }))
    .await;
    assert_one_wins(&results, |error| {
        matches!(error, StoreError::AlreadyExists(Entity::WarehouseName(_)))
    });
}

/// Asserts that either the container is dropped and no creation succeeds, or all creations succeed and it stays.
fn assert_no_orphan(
    dropped: &Result<()>,
    creations: &[Result<()>],
    container_is_gone: impl Fn(&StoreError) -> bool,
) {
    match dropped {
        Ok(()) => assert!(creations.iter().all(|created| {
            let error = created.as_ref().err();
            error.is_some_and(&container_is_gone)
        })),
        Err(StoreError::NotEmpty(_)) => assert!(creations.iter().all(Result::is_ok)),
        Err(other) => panic!("{other}"),
    }
}

pub async fn a_dropped_namespace_leaves_no_orphan(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    for round in 0..ROUNDS {
        let id = catalog.namespace(&[&format!("ns{round}")]).await;
        let runs = (0..4).map(|runner| {
            let catalog = catalog.clone();
            async move {
                if runner == round % 4 {
                    let drop = NamespaceDrop {
                        mode: crate::DropMode::Hard,
                        at: super::fixture::NOW,
                        id,
                        expected: Version::FIRST,
                        tree: NamespaceTree::default(),
                    };
                    return catalog.store.namespace_drop(drop, Effects::none()).await;
                }
                catalog.create(new_table(id, &format!("t{runner}"))).await
            }
        });
        let mut results = all(runs).await;
        let dropped = results.remove(round % 4);
        assert_no_orphan(
            &dropped,
            &results,
            |error| matches!(error, StoreError::NotFound(Entity::Namespace(it)) if *it == id),
        );
    }
}

pub async fn a_dropped_parent_leaves_no_orphan(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    for round in 0..ROUNDS {
        let outer = format!("ns{round}");
        let id = catalog.namespace(&[&outer]).await;
        let runs = (0..4).map(|runner| {
            let catalog = catalog.clone();
            let child = catalog.new_namespace(&[&outer, &format!("child {runner}")]);
            async move {
                if runner == round % 4 {
                    let drop = NamespaceDrop {
                        mode: crate::DropMode::Hard,
                        at: super::fixture::NOW,
                        id,
                        expected: Version::FIRST,
                        tree: NamespaceTree::default(),
                    };
                    return catalog.store.namespace_drop(drop, Effects::none()).await;
                }
                catalog.store.namespace_create(child, Effects::none()).await
            }
        });
        let mut results = all(runs).await;
        let dropped = results.remove(round % 4);
        assert_no_orphan(&dropped, &results, |error| {
            matches!(error, StoreError::NotFound(Entity::NamespacePath(_)))
        });
    }
}

pub async fn a_dropped_warehouse_leaves_no_orphan(store: &Arc<dyn Store>) {
    let first = Catalog::new(store).await;
    for round in 0..ROUNDS {
        let catalog = first.other(&format!("w{round}")).await;
        let runs = (0..4).map(|runner| {
            let catalog = catalog.clone();
            let namespace = catalog.new_namespace(&[&format!("ns {runner}")]);
            async move {
                if runner == round % 4 {
                    let id = catalog.warehouse;
                    return catalog
                        .store
                        .warehouse_drop((id, Version::FIRST), Effects::none())
                        .await;
                }
                catalog
                    .store
                    .namespace_create(namespace, Effects::none())
                    .await
            }
        });
        let mut results = all(runs).await;
        let dropped = results.remove(round % 4);
        assert_no_orphan(&dropped, &results, |error| {
            matches!(error, StoreError::NotFound(Entity::Warehouse(_)))
        });
    }
}

pub async fn of_crossing_renames_each_ends_well(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let left = catalog.namespace(&["left"]).await;
    let right = catalog.namespace(&["right"]).await;
    for round in 0..ROUNDS {
        let mut runs = Vec::new();
        for runner in 0..8 {
            // All tables want the same name in the namespace of the other side.
            let (from, to) = [(left, right), (right, left)][runner % 2];
            let id = catalog.table(from, &format!("t{round} {runner}")).await;
            let rename = TabularRename {
                id,
                expected: Version::FIRST,
                namespace: to,
                found_at: None,
                name: name(&format!("wanted {round}")),
                at: super::fixture::NOW,
            };
            let store = Arc::clone(store);
            runs.push(async move { store.tabular_rename(rename, Effects::none()).await });
        }
        let results = all(runs).await;
        for side in 0..2 {
            let of_side = results.iter().skip(side).step_by(2);
            assert_eq!(of_side.filter(|result| result.is_ok()).count(), 1);
        }
        for error in results.into_iter().filter_map(Result::err) {
            let taken = matches!(error, StoreError::AlreadyExists(Entity::TabularName(_)));
            assert!(taken, "{error}");
        }
    }
}

/// An expiry that fails queues the next attempt. An undropped table must have no such task, which would end the
/// grace period of its next drop too early.
pub async fn of_an_undrop_and_a_failed_expiry_no_task_is_left(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let id = catalog.table(home, "t").await;
    for round in 0..60 {
        let task = soft_drop(&catalog, id).await;
        let claimed = store.task_claim(SOFT_DELETION, "w", lease(later(500), later(1_000)));
        assert_eq!(claimed.await.unwrap().unwrap().id, task);
        let (failing, next) = (Arc::clone(store), expiries(&catalog, [id]));
        let failing = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_micros(round * 100)).await;
            let message = "not possible".to_owned();
            let failed = TaskEnd::Failed { message };
            failing
                .task_end(TaskClaim::of(task, "w"), failed, later(600), next)
                .await
        });
        undrop(&catalog, &[id]).await.unwrap();
        match failing.await.unwrap() {
            Ok(()) | Err(StoreError::NotFound(_)) => {}
            Err(error) => panic!("{error}"),
        }
        assert_eq!(store.task_count(SOFT_DELETION).await.unwrap(), 0);
    }
}
