//! Namespace moves mixed with other changes, one after another and concurrently.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{NamespaceId, NamespacePath, TabularId, Version};

use super::fixture::{Catalog, NOW, name, new_table, path, refused};
use super::namespace_move::{at, go, path_of, table_at, way};
use crate::{
    DropMode, Effects, Entity, NamespaceDrop, NamespaceMove, NamespaceTree, NewTabular, Store,
    StoreError, TabularRename,
};

/// The parents and names of namespaces and tables: the simplest model of a tree.
#[derive(Default)]
struct Model {
    parents: BTreeMap<NamespaceId, (Option<NamespaceId>, String)>,
    tables: BTreeMap<TabularId, (NamespaceId, String)>,
}

impl Model {
    fn path(&self, id: NamespaceId) -> Vec<String> {
        let (parent, name) = &self.parents[&id];
        let mut path = parent.map_or_else(Vec::new, |parent| self.path(parent));
        path.push(name.clone());
        path
    }

    fn is_at_or_below(&self, id: NamespaceId, above: NamespaceId) -> bool {
        let parent = self.parents[&id].0;
        id == above || parent.is_some_and(|parent| self.is_at_or_below(parent, above))
    }

    fn child(&self, parent: Option<NamespaceId>, name: &str) -> Option<NamespaceId> {
        let mut all = self.parents.iter();
        let found = all.find(|(_, at)| **at == (parent, name.to_owned()));
        found.map(|(id, _)| *id)
    }
}

/// After creations, moves and renames in any order, each path leads to the namespace or table that the model has
/// there.
pub async fn any_history_of_moves_is_that_of_the_model(store: &Arc<dyn Store>) {
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice % bound as u64).unwrap()
    };
    let (catalog, mut model) = (Catalog::new(store).await, Model::default());
    for step in 0..150 {
        let all: Vec<NamespaceId> = model.parents.keys().copied().collect();
        let homes: Vec<_> = [None]
            .into_iter()
            .chain(all.iter().copied().map(Some))
            .collect();
        let home = homes[below(homes.len())];
        let name = ["a", "b", "c"][below(3)].to_owned();
        let around = home.map_or_else(Vec::new, |home| model.path(home));
        let to: Vec<&str> = around
            .iter()
            .map(String::as_str)
            .chain([name.as_str()])
            .collect();
        let is_taken = model.child(home, &name);
        match (below(4), all.as_slice()) {
            (0, _) | (_, []) if to.len() < 8 && is_taken.is_none() => {
                let id = catalog.namespace(&to).await;
                model.parents.insert(id, (home, name));
            }
            (1, [_, ..]) => {
                let (home, text) = (all[below(all.len())], format!("t{step}"));
                model
                    .tables
                    .insert(catalog.table(home, &text).await, (home, text));
            }
            (_, [_, ..]) => {
                let id = all[below(all.len())];
                let moved = go(&catalog, id, &to).await;
                if home.is_some_and(|home| model.is_at_or_below(home, id)) {
                    refused!(moved, StoreError::Stale { .. });
                } else if is_taken.is_some_and(|there| there != id) {
                    refused!(moved, StoreError::AlreadyExists(Entity::NamespacePath(_)));
                } else {
                    moved.unwrap();
                    model.parents.insert(id, (home, name));
                }
            }
            _ => {}
        }
    }
    assert!(model.tables.len() > 20 && model.parents.len() > 10);
    for id in model.parents.keys() {
        let levels = model.path(*id);
        assert_eq!(path_of(&catalog, *id).await, levels.join("."));
        assert_eq!(
            at(&catalog, &NamespacePath::parse(levels).unwrap()).await,
            Some(*id)
        );
    }
    for (id, (home, text)) in &model.tables {
        let levels = model.path(*home);
        let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
        assert_eq!(table_at(&catalog, &levels, text).await, Some(*id));
    }
}

const ROUNDS: usize = 20;

pub async fn of_two_moves_into_each_other_one_wins(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    for round in 0..ROUNDS {
        let names = [format!("l{round}"), format!("r{round}")];
        let left = catalog.namespace(&[&names[0]]).await;
        let right = catalog.namespace(&[&names[1]]).await;
        let ways = [
            way(&catalog, left, &[&names[1], "in"]).await,
            way(&catalog, right, &[&names[0], "in"]).await,
        ];
        let [first, second] = ways.map(|way| {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.namespace_move(way, Effects::none()).await })
        });
        let results = [first.await.unwrap(), second.await.unwrap()];
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let lost = results.into_iter().find_map(Result::err).unwrap();
        let is_refused = matches!(
            lost,
            StoreError::Stale { .. } | StoreError::NotFound(Entity::NamespacePath(_))
        );
        assert!(is_refused, "{lost}");
    }
}

/// A move that lists its tables is refused if another table arrives concurrently.
pub async fn nothing_comes_along_unseen(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let outside = catalog.namespace(&["outside"]).await;
    let (mut moved, mut stale) = (0, 0);
    for round in 0..ROUNDS {
        let (from, to) = (format!("from{round}"), format!("to{round}"));
        let outer = catalog.namespace(&[&from]).await;
        let inner = catalog.namespace(&[&from, "in"]).await;
        let id = catalog.table(outside, &format!("t{round}")).await;
        let way = NamespaceMove {
            tabulars: Some(BTreeSet::new()),
            ..way(&catalog, outer, &[&to]).await
        };
        let rename = TabularRename {
            id,
            expected: Version::FIRST,
            namespace: inner,
            found_at: None,
            name: name("t"),
            at: NOW,
        };
        let moving = {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.namespace_move(way, Effects::none()).await })
        };
        let renaming = {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.tabular_rename(rename, Effects::none()).await })
        };
        renaming.await.unwrap().unwrap();
        // A move increments the versions of the tables that it takes along.
        let version = catalog.version(id).await;
        assert_eq!(version, Version::FIRST.next());
        match moving.await.unwrap() {
            Ok(()) => moved += 1,
            Err(StoreError::Stale { .. }) => stale += 1,
            Err(other) => panic!("{other}"),
        }
        assert_eq!(catalog.version(id).await, version);
    }
    assert_eq!(moved + stale, ROUNDS);
}

/// Concurrent creations, renames, commits and drops in a moving namespace either end up at its new path or are
/// refused.
pub async fn whatever_happens_in_what_moves_happens_once(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let outside = catalog.namespace(&["outside"]).await;
    for round in 0..ROUNDS {
        let (from, to) = (format!("from{round}"), format!("to{round}"));
        let outer = catalog.namespace(&[&from]).await;
        let inner = catalog.namespace(&[&from, "in"]).await;
        let stays = catalog.table(outside, &format!("t{round}")).await;
        let go_away = way(&catalog, outer, &[&to]).await;
        let new = new_table(inner, "new");
        let made = new.id;
        let child = catalog.new_namespace(&[&from, "in", "child"]);
        let rename = TabularRename {
            id: stays,
            expected: Version::FIRST,
            namespace: inner,
            found_at: None,
            name: name("came"),
            at: NOW,
        };
        let drop = NamespaceDrop {
            id: inner,
            expected: Version::FIRST,
            tree: NamespaceTree::default(),
            mode: DropMode::Hard,
            at: NOW,
        };
        let (one, two, three, four, five) = tokio::join!(
            store.namespace_move(go_away, Effects::none()),
            catalog.create(new),
            store.namespace_create(child, Effects::none()),
            store.tabular_rename(rename, Effects::none()),
            store.namespace_drop(drop, Effects::none()),
        );
        match &one {
            Ok(()) | Err(StoreError::Stale { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        let root = if one.is_ok() { &to } else { &from };
        for (happened, text) in [(&two, "new"), (&four, "came")] {
            let wanted = match happened {
                Ok(()) => Some(if text == "new" { made } else { stays }),
                Err(StoreError::NotFound(Entity::Namespace(_))) => None,
                Err(other) => panic!("{other}"),
            };
            assert_eq!(table_at(&catalog, &[root, "in"], text).await, wanted);
        }
        let child = at(&catalog, &path(&[root, "in", "child"])).await;
        match three {
            Ok(()) => assert!(child.is_some()),
            Err(StoreError::NotFound(Entity::NamespacePath(_))) => assert_eq!(child, None),
            Err(other) => panic!("{other}"),
        }
        match five {
            Ok(()) | Err(StoreError::Stale { .. } | StoreError::NotEmpty(_)) => {}
            Err(other) => panic!("{other}"),
        }
        assert_eq!(at(&catalog, &path(&[root])).await, Some(outer));
    }
}

/// A creation or rename by path never ends up in a namespace that has left this path, not even during the move.
pub async fn what_is_made_by_a_path_is_made_before_the_move_or_not_at_all(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let outside = catalog.namespace(&["outside"]).await;
    let made_by = |home: &NamespacePath, namespace, text: &str| NewTabular {
        found_at: Some(home.key().clone()),
        ..new_table(namespace, text)
    };
    for round in 0..ROUNDS {
        let (from, to) = (
            path(&[&format!("from{round}")]),
            path(&[&format!("to{round}")]),
        );
        let id = catalog.namespace(&[from.name()]).await;
        let way = way(&catalog, id, &[to.name()]).await;
        let new = made_by(&from, id, "new");
        let made = new.id;
        let (moved, created) = tokio::join!(
            store.namespace_move(way, Effects::none()),
            catalog.create(new)
        );
        match (&moved, created) {
            // The table was created first, so the move has incremented its version.
            (Ok(()), Ok(())) => assert_eq!(catalog.version(made).await, Version::FIRST.next()),
            (Err(StoreError::Stale { .. }), Ok(()))
            | (Ok(()), Err(StoreError::NotFound(Entity::Namespace(_)))) => {}
            other => panic!("{other:?}"),
        }
        if moved.is_err() {
            go(&catalog, id, &[to.name()]).await.unwrap();
        }
        let late = |text: &str| made_by(&from, id, text);
        refused!(
            catalog.create(late("one")).await,
            StoreError::NotFound(Entity::Namespace(_))
        );
        let several = vec![late("one"), made_by(&to, id, "two")];
        refused!(
            catalog.commit(several, Vec::new(), Effects::none()).await,
            StoreError::NotFound(Entity::Namespace(_))
        );
        let rename = |id, home: &NamespacePath, namespace| TabularRename {
            id,
            expected: Version::FIRST,
            namespace,
            found_at: Some(home.key().clone()),
            name: name("renamed"),
            at: NOW,
        };
        let table = catalog.table(outside, &format!("t{round}")).await;
        refused!(
            store
                .tabular_rename(rename(table, &from, id), Effects::none())
                .await,
            StoreError::NotFound(Entity::Namespace(_))
        );
        let several = vec![made_by(&to, id, "one"), made_by(&to, id, "two")];
        catalog
            .commit(several, Vec::new(), Effects::none())
            .await
            .unwrap();
        store
            .tabular_rename(rename(table, &to, id), Effects::none())
            .await
            .unwrap();
    }
}
