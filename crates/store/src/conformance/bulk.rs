//! Very large drops and undrops in a single change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Bounds;
use tokio::task::JoinSet;

use super::fixture::{Catalog, NOW, new_table};
use super::namespace_move::go;
use super::soft_deletion::{HOW, drop_tree, namespace_of, undrop};
use crate::{AtVersion, DropMode, Effects, SOFT_DELETION, Store, Undrop};

pub async fn ten_thousand_tables_go_and_come_back_at_once(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let before = there_and_back(&catalog, 100).await;
    let took = there_and_back(&catalog, 1_000).await;
    let after = there_and_back(&catalog, 100).await;
    for ((few, many), more_few) in before.into_iter().zip(took).zip(after) {
        // Ten times as many may take 30 times as long, which is three times the linear cost to allow for a busy
        // machine; a quadratic cost exceeds this. Up to half a minute is always accepted.
        let bound = (30 * few.max(more_few)).max(Duration::from_secs(30));
        assert!(many < bound, "{before:?}, {took:?}, {after:?}");
    }
}

/// How long it takes to soft-delete a namespace that holds ten others with so many tables each, to undrop all of
/// it, and to remove it.
async fn there_and_back(catalog: &Catalog, tables: usize) -> [Duration; 3] {
    let store = &catalog.store;
    let home = catalog.namespace(&["a"]).await;
    for number in 0..10 {
        let inner = catalog.namespace(&["a", &format!("n{number}")]).await;
        let creates = (0..tables).map(|table| new_table(inner, &format!("t{table}")));
        let made = catalog.commit(creates.collect(), Vec::new(), Effects::none());
        made.await.unwrap();
    }
    let start = Instant::now();
    let dropped = drop_tree(catalog, home, DropMode::Soft(HOW)).await;
    let all = dropped.len();
    assert_eq!(all, 10 * tables);
    let waiting = store.task_count(SOFT_DELETION).await.unwrap();
    assert_eq!(usize::try_from(waiting).unwrap(), all);
    let hidden = start.elapsed();
    let start = Instant::now();
    let found = store.deleted_find(catalog.warehouse, dropped);
    let found = found.await.unwrap();
    let back = Undrop {
        warehouse: catalog.warehouse,
        tabulars: found
            .iter()
            .map(|one| AtVersion::of(one.id, one.version))
            .collect(),
        at: NOW,
    };
    store.undrop(back, Effects::none()).await.unwrap();
    assert_eq!(store.task_count(SOFT_DELETION).await.unwrap(), 0);
    let back = start.elapsed();
    let start = Instant::now();
    drop_tree(catalog, home, DropMode::Hard).await;
    let gone = start.elapsed();
    assert_eq!(namespace_of(catalog, &["a"]).await, None);
    [hidden, back, gone]
}

/// The largest number of namespaces that may be dropped is dropped and undropped at once; a tree shows at most one
/// more.
pub async fn ten_thousand_namespaces_go_and_come_back_at_once(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let most = Bounds::DROPPED_NAMESPACES as usize;
    let home = catalog.namespace(&["a"]).await;
    let mut filled = JoinSet::new();
    for group in 0..10 {
        let catalog = catalog.clone();
        filled.spawn(async move {
            let group = format!("n{group}");
            catalog.namespace(&["a", &group]).await;
            for number in 1..most / 10 {
                let inner = format!("n{number}");
                catalog.namespace(&["a", &group, &inner]).await;
            }
        });
    }
    filled.join_all().await;
    let below = async |home| {
        let tree = store.namespace_tree(catalog.warehouse, home).await;
        tree.unwrap().namespaces.len()
    };
    assert_eq!(below(home).await, most);
    let others = catalog.namespace(&["a", "others"]).await;
    assert_eq!(below(home).await, most + 1);
    catalog.namespace(&["a", "others", "inner"]).await;
    assert_eq!(below(home).await, most + 1);
    drop_tree(&catalog, others, DropMode::Hard).await;
    assert_eq!(below(home).await, most);
    go(&catalog, home, &["b"]).await.unwrap();
    catalog.table(home, "t").await;
    let start = Instant::now();
    let dropped = drop_tree(&catalog, home, DropMode::Soft(HOW)).await;
    let hidden = start.elapsed();
    let start = Instant::now();
    undrop(&catalog, &dropped).await.unwrap();
    let back = start.elapsed();
    assert_eq!(below(home).await, most);
    let start = Instant::now();
    drop_tree(&catalog, home, DropMode::Hard).await;
    for took in [hidden, back, start.elapsed()] {
        assert!(took < Duration::from_secs(30), "{took:?}");
    }
    assert_eq!(namespace_of(&catalog, &["b"]).await, None);
}
