//! All kinds of concurrent changes to the same few things: there are no deadlocks.

use std::sync::Arc;
use std::time::Duration;

use model::{NamespaceId, Properties, TabularId, TaskId, Timestamp};
use store::{
    AtVersion, Effects, Entity, IdempotencyRecord, Lease, NamespaceDrop, NamespaceMove, Namespaces,
    NewNamespace, NewTask, Protection, StoreError, Swap, TabularRename, Tabulars, TaskClaim,
    TaskEnd, TaskScope, Tasks, TreeNamespace,
};
use uuid::Uuid;

use crate::catalog::{Catalog, NOW, effects, name, new_table, path};

const WORKERS: u64 = 12;
const ROUNDS: u64 = 60;
const NAMESPACES: u64 = 3;
const NAMES: u64 = 4;

/// A small random number generator with a seed, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

struct Worker {
    catalog: Arc<Catalog>,
    dice: Dice,
    keys: Arc<Vec<Uuid>>,
}

impl Worker {
    async fn namespaces(&self) -> Vec<NamespaceId> {
        let first = model::PageRequest::FIRST;
        let page = self
            .catalog
            .store
            .namespace_list(self.catalog.warehouse, None, first);
        page.await
            .unwrap()
            .items
            .iter()
            .map(|namespace| namespace.id)
            .collect()
    }

    async fn tables(&self) -> Vec<TabularId> {
        let mut ids = Vec::new();
        for namespace in self.namespaces().await {
            let first = model::PageRequest::FIRST;
            let page = self
                .catalog
                .store
                .tabular_list(namespace, model::TabularKind::Table, first);
            ids.extend(page.await.unwrap().items.iter().map(|table| table.id));
        }
        ids
    }

    fn effects(&mut self) -> Effects {
        let key = self.keys[usize::try_from(self.dice.below(self.keys.len() as u64)).unwrap()];
        let mut effects = effects();
        if self.dice.below(3) == 0 {
            effects.idempotency = vec![IdempotencyRecord {
                key: if self.dice.below(2) == 0 {
                    key
                } else {
                    Uuid::new_v4()
                },
                fingerprint: [0; 32],
                outcome: Vec::new(),
                at: NOW,
            }];
        }
        if self.dice.below(3) == 0 {
            effects.tasks.push(NewTask {
                id: TaskId::generate(),
                queue: "purge",
                scope: TaskScope::Warehouse(self.catalog.warehouse),
                parent: None,
                tabular: None,
                subject: String::new(),
                payload: String::new(),
                created_at: NOW,
                not_before: NOW,
            });
        }
        effects
    }

    async fn step(&mut self) -> Result<(), StoreError> {
        match self.dice.below(9) {
            8 => self.move_namespace().await,
            0..=2 => self.commit().await,
            3 => self.rename().await,
            4 => self.drop_namespace().await,
            5 => self.create_namespace().await,
            6 => self.work().await,
            _ => self.drop_table().await,
        }
    }

    /// Creates tables in some of the namespaces, of which some replace others, and swaps other tables, in any order.
    async fn commit(&mut self) -> Result<(), StoreError> {
        let (namespaces, tables) = (self.namespaces().await, self.tables().await);
        let mut rows = Vec::new();
        for id in tables {
            if self.dice.below(2) == 0 {
                rows.extend(
                    self.catalog
                        .store
                        .tabular_load(self.catalog.warehouse, id)
                        .await,
                );
            }
        }
        if self.dice.below(2) == 0 {
            rows.reverse();
        }
        let mut creates = Vec::new();
        for namespace in namespaces {
            let text = format!("t{}", self.dice.below(NAMES));
            if self.dice.below(3) == 0 {
                let mut new = new_table(namespace, &text);
                // Few locations, so that they collide; some lie in others.
                new.claimed_location = match self.dice.below(3) {
                    0 => format!("s3://bucket/few/{}", self.dice.below(4)),
                    1 => format!("s3://bucket/few/{}/in", self.dice.below(4)),
                    _ => new.claimed_location,
                };
                if self.dice.below(2) == 0 {
                    new.replaces = rows.pop().map(|row| AtVersion::of(row.id, row.version));
                }
                creates.push(new);
            }
        }
        let swaps = rows.into_iter().map(|row| Swap {
            id: row.id,
            expected: row.version,
            claimed_location: match self.dice.below(6) {
                0 => Some(format!("s3://bucket/few/{}", self.dice.below(4))),
                1 => Some(format!("s3://bucket/tables/{}/moved", row.id)),
                _ => None,
            },
            content: row.content,
            obsolete: None,
        });
        let swaps = swaps.collect();
        let commit = self.catalog.commit(creates, swaps);
        let effects = self.effects();
        self.catalog.store.tabular_commit(commit, effects).await
    }

    async fn rename(&mut self) -> Result<(), StoreError> {
        let (namespaces, tables) = (self.namespaces().await, self.tables().await);
        for id in tables {
            let row = self
                .catalog
                .store
                .tabular_load(self.catalog.warehouse, id)
                .await?;
            let to = usize::try_from(self.dice.below(NAMESPACES)).unwrap();
            let rename = TabularRename {
                id,
                expected: row.version,
                namespace: namespaces.get(to).copied().unwrap_or(row.namespace),
                found_at: None,
                name: name(&format!("T{}", self.dice.below(NAMES))),
                at: NOW,
            };
            let effects = self.effects();
            self.catalog.store.tabular_rename(rename, effects).await?;
        }
        Ok(())
    }

    async fn drop_namespace(&mut self) -> Result<(), StoreError> {
        let Some(id) = self.namespaces().await.first().copied() else {
            return Ok(());
        };
        let warehouse = self.catalog.warehouse;
        let row = self.catalog.store.namespace_load(warehouse, id).await?;
        let tree = self.catalog.store.namespace_tree(warehouse, id).await?;
        let drop = NamespaceDrop {
            mode: store::DropMode::Hard,
            at: NOW,
            id,
            expected: row.version,
            tree,
        };
        let effects = self.effects();
        self.catalog.store.namespace_drop(drop, effects).await
    }

    /// Moves a namespace into another one, or out of it again.
    async fn move_namespace(&mut self) -> Result<(), StoreError> {
        let namespaces = self.namespaces().await;
        let (Some(outer), Some(id)) = (namespaces.first().copied(), namespaces.last().copied())
        else {
            return Ok(());
        };
        let warehouse = self.catalog.warehouse;
        let inner =
            self.catalog
                .store
                .namespace_list(warehouse, Some(outer), model::PageRequest::FIRST);
        let inner = inner.await?.items.first().map(|inner| inner.id);
        let around = self.catalog.store.namespace_load(warehouse, outer).await?;
        let name = format!("ns{}", self.dice.below(NAMESPACES));
        let (id, parent, to) = if let Some(inner) = inner {
            (inner, None, path(&name))
        } else {
            let to = [around.path.levels(), &[name]].concat();
            (id, Some(outer), model::NamespacePath::parse(to).unwrap())
        };
        let row = self.catalog.store.namespace_load(warehouse, id).await?;
        let tree = self.catalog.store.namespace_tree(warehouse, id).await?;
        let below = tree.namespaces.into_iter().map(|one| TreeNamespace {
            path: one.path.moved(row.path.levels().len(), &to).unwrap(),
            ..one
        });
        let way = NamespaceMove {
            id,
            warehouse,
            expected: row.version,
            parent,
            below: below.collect(),
            path: to,
            tabulars: None,
            at: NOW,
        };
        let effects = self.effects();
        self.catalog.store.namespace_move(way, effects).await
    }

    async fn create_namespace(&mut self) -> Result<(), StoreError> {
        let namespace = NewNamespace {
            id: NamespaceId::generate(),
            warehouse: self.catalog.warehouse,
            path: path(&format!("ns{}", self.dice.below(NAMESPACES))),
            parent: None,
            properties: Properties::new(),
            created_at: NOW,
        };
        let effects = self.effects();
        self.catalog
            .store
            .namespace_create(namespace, effects)
            .await
    }

    async fn work(&mut self) -> Result<(), StoreError> {
        let (store, until) = (&self.catalog.store, Timestamp::from_ms(i64::MAX));
        let worker = Uuid::new_v4().to_string();
        let lease = Lease { now: NOW, until };
        while let Some(task) = store.task_claim("purge", &worker, lease).await? {
            let message = String::new();
            store
                .task_end(
                    TaskClaim::of(task.id, &worker),
                    TaskEnd::Done { message },
                    NOW,
                    Effects::none(),
                )
                .await?;
        }
        Ok(())
    }

    async fn drop_table(&mut self) -> Result<(), StoreError> {
        for id in self.tables().await {
            let row = self
                .catalog
                .store
                .tabular_load(self.catalog.warehouse, id)
                .await?;
            let (at, effects) = (AtVersion::of(id, row.version), self.effects());
            if self.dice.below(2) == 0 {
                return self.catalog.store.tabular_drop(at, effects).await;
            }
            let off = Protection::Off;
            self.catalog
                .store
                .tabular_protect(at, off, NOW, effects)
                .await?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_deadlocks() {
    let catalog = Arc::new(Catalog::new().await);
    for number in 0..NAMESPACES {
        let namespace = catalog.namespace(&format!("ns{number}")).await;
        catalog.table(namespace, "t0").await;
    }
    let keys: Arc<Vec<Uuid>> = Arc::new((0..20).map(|_| Uuid::new_v4()).collect());
    let workers: Vec<_> = (0..WORKERS)
        .map(|number| {
            let mut worker = Worker {
                catalog: Arc::clone(&catalog),
                dice: Dice(0x9e37_79b9_7f4a_7c15 ^ (number + 1)),
                keys: Arc::clone(&keys),
            };
            tokio::spawn(async move {
                let mut done = 0;
                for _ in 0..ROUNDS {
                    match worker.step().await {
                        Ok(()) => done += 1,
                        Err(
                            StoreError::Stale { .. }
                            | StoreError::AlreadyExists(_)
                            | StoreError::NotEmpty(_)
                            | StoreError::LocationTaken { .. }
                            | StoreError::Replayed(_)
                            | StoreError::NotFound(
                                Entity::Tabular(_)
                                | Entity::Namespace(_)
                                | Entity::NamespacePath(_)
                                | Entity::Task(_),
                            ),
                        ) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for worker in workers {
        let ended = tokio::time::timeout(Duration::from_mins(2), worker).await;
        done += ended.unwrap().unwrap();
    }
    assert!(done > WORKERS * ROUNDS / 4, "{done} changes only");
    let url = catalog.database.url().to_owned();
    let Ok(Catalog {
        store, database, ..
    }) = Arc::try_unwrap(catalog)
    else {
        panic!("somebody still works");
    };
    drop(store);
    // The count arrives only when the connections that it is about are closed.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let count = "select deadlocks from pg_stat_database where datname = current_database()";
    let client = crate::catalog::connect(&url).await;
    assert_eq!(
        client.query_one(count, &[]).await.unwrap().get::<_, i64>(0),
        0
    );
    println!("{done} changes done");
    drop(client);
    drop(database);
}
