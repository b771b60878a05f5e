//! Many concurrent writers: every success counts, every lost race is reported.

use std::collections::HashMap;
use std::sync::Arc;

use model::{EventKind, TabularId, Version};

use super::fixture::{Catalog, event, name, path, swap, text_of};
use crate::{Effects, ResolveKey, ResolveTarget, Store, StoreError, TabularRow};

const WRITERS: usize = 64;
const ROUNDS: usize = 5;

async fn tables(store: &Arc<dyn Store>, count: usize) -> (Catalog, Vec<TabularId>) {
    let catalog = Catalog::new(store).await;
    let namespace = catalog.namespace(&["ns"]).await;
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(catalog.table(namespace, &format!("t{number}")).await);
    }
    (catalog, ids)
}

/// Swaps all rows, expecting their versions; `None` if the race was lost.
async fn attempt(catalog: &Catalog, rows: &[TabularRow]) -> Option<()> {
    let subjects = rows.iter().map(|row| row.id.to_string());
    let effects = Effects {
        events: subjects
            .map(|subject| event(EventKind::UpdateTable, &subject))
            .collect(),
        ..Effects::none()
    };
    let swaps = rows.iter().map(|row| swap(row, "next")).collect();
    match catalog.commit(Vec::new(), swaps, effects).await {
        Ok(()) => Some(()),
        Err(StoreError::Stale { current }) => {
            assert!(!current.is_empty(), "all rows are there");
            for now in current {
                let seen = rows.iter().find(|row| row.id == now.id).unwrap();
                assert!(now.version > seen.version, "a current row has moved on");
            }
            None
        }
        Err(other) => panic!("{other}"),
    }
}

/// Asserts that each version has grown by the successes, and that each success has written its event.
async fn assert_counted(catalog: &Catalog, wins: &HashMap<TabularId, usize>) {
    let mut told: HashMap<String, usize> = HashMap::new();
    let mut after = 0;
    loop {
        let rows = catalog.store.outbox_read(after, 1_000).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.sequence;
        for row in rows {
            *told.entry(row.event.subject).or_default() += 1;
        }
    }
    for (id, wins) in wins {
        let grown = i64::try_from(*wins).unwrap();
        let expected = Version::from_i64(Version::FIRST.as_i64() + grown);
        assert_eq!(catalog.version(*id).await, expected);
        assert_eq!(told.get(&id.to_string()).copied().unwrap_or(0), *wins);
    }
}

async fn run_writers<C>(writer: impl Fn(usize) -> C) -> HashMap<TabularId, usize>
where
    C: Future<Output = Vec<TabularId>> + Send + 'static,
{
    let writers: Vec<_> = (0..WRITERS).map(|n| tokio::spawn(writer(n))).collect();
    let mut wins: HashMap<TabularId, usize> = HashMap::new();
    for writer in writers {
        for id in writer.await.unwrap() {
            *wins.entry(id).or_default() += 1;
        }
    }
    wins
}

pub async fn writers_of_one_table_win_one_by_one(store: &Arc<dyn Store>) {
    let (catalog, ids) = tables(store, 1).await;
    let id = ids[0];
    let wins = run_writers(|_| {
        let catalog = catalog.clone();
        async move {
            let mut won = Vec::new();
            for _ in 0..ROUNDS {
                let row = catalog.load(id).await.unwrap();
                won.extend(attempt(&catalog, &[row]).await.map(|()| id));
            }
            won
        }
    })
    .await;
    assert!(wins[&id] >= 1);
    assert_counted(&catalog, &wins).await;
}

pub async fn writers_of_many_tables_all_win(store: &Arc<dyn Store>) {
    let (catalog, ids) = tables(store, WRITERS).await;
    let wins = run_writers(|writer| {
        let (catalog, id) = (catalog.clone(), ids[writer]);
        async move {
            for _ in 0..ROUNDS {
                let row = catalog.load(id).await.unwrap();
                attempt(&catalog, &[row]).await.unwrap();
            }
            vec![id; ROUNDS]
        }
    })
    .await;
    assert_eq!(wins.len(), WRITERS);
    assert_counted(&catalog, &wins).await;
}

pub async fn overlapping_multi_table_commits_never_deadlock(store: &Arc<dyn Store>) {
    const TABLES: usize = 12;
    let (catalog, ids) = tables(store, TABLES).await;
    let wins = run_writers(|writer| {
        let (catalog, ids) = (catalog.clone(), ids.clone());
        async move {
            let mut won = Vec::new();
            for round in 0..ROUNDS {
                // Each round takes another set of tables in another order; the strides have no factor in common
                // with 12.
                let stride = [1, 5, 7, 11][(writer + round) % 4];
                let count = 2 + (writer * 7 + round * 3) % 5;
                let start = writer * 5 + round;
                let mut rows = Vec::new();
                for step in 0..count {
                    let id = ids[(start + step * stride) % TABLES];
                    rows.push(catalog.load(id).await.unwrap());
                }
                if attempt(&catalog, &rows).await.is_some() {
                    won.extend(rows.iter().map(|row| row.id));
                }
            }
            won
        }
    })
    .await;
    assert!(!wins.is_empty());
    assert_counted(&catalog, &wins).await;
}

pub async fn readers_never_see_half_a_commit(store: &Arc<dyn Store>) {
    let (catalog, ids) = tables(store, 2).await;
    let namespace = path(&["ns"]).key().clone();
    let key = |text: &str| ResolveKey {
        warehouse: catalog.warehouse,
        target: ResolveTarget::TabularContent(namespace.clone(), name(text).key().clone()),
    };
    let keys = vec![key("t0"), key("t1")];
    let writer = {
        let catalog = catalog.clone();
        tokio::spawn(async move {
            for round in 0..200 {
                let mut swaps = Vec::new();
                for id in &ids {
                    let row = catalog.load(*id).await.unwrap();
                    swaps.push(swap(&row, &format!("round {round}")));
                }
                catalog.swap(swaps).await.unwrap();
            }
        })
    };
    while !writer.is_finished() {
        let found = store.resolve(keys.clone()).await.unwrap();
        let seen: Vec<_> = found
            .into_iter()
            .map(|resolved| {
                let stamp = resolved.tabular.unwrap();
                (stamp.version, text_of(&resolved.content.unwrap()))
            })
            .collect();
        assert_eq!(seen[0], seen[1]);
    }
    writer.await.unwrap();
}
