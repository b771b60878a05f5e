//! Creations, registrations, moves, renames and drops in any order: locations never overlap, and what the model
//! allows is never refused.

mod model;

use std::collections::BTreeSet;
use std::sync::Arc;

use ::model::{NamespaceId, TabularId, TabularKind, TaskId, Version};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;

use self::model::{Creation, Model, Outcome, Slot, overlap};
use super::fixture::{Catalog, NOW, content, later, lease, name, new_table_at, swap, task};
use crate::{
    AtVersion, Effects, NamespaceDrop, NewTabular, NewTask, Result, Store, StoreError,
    TabularRename, TaskClaim, TaskEnd,
};

const CASES: u32 = 48;
const STEPS: usize = 24;
const NAMESPACES: usize = 2;
const NAMES: usize = 3;
const QUEUE: &str = "overlap";

/// Whether a drop keeps the files (`unregister`) or has them deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Files {
    Keep,
    Purge,
}

/// A random number that selects one of the entries that exist when the step runs.
type Choice = prop::sample::Index;

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<New>, Vec<(Choice, String)>),
    Rename(Choice, Slot),
    Drop(Choice, Files),
    DropNamespace(usize, Files),
    EndPurge(TaskEnd),
}

/// A creation or registration. A registration may replace the entry with the same name, keeping its id or not.
#[derive(Debug, Clone)]
struct New {
    slot: Slot,
    kind: TabularKind,
    place: String,
    replaces: bool,
    keeps_id: bool,
}

fn slot() -> impl Strategy<Value = Slot> {
    (0..NAMESPACES, 0..NAMES)
}

/// Segments that sort before and after the separator `/`.
fn place() -> impl Strategy<Value = String> {
    let segments = select(&["t", "t-", "t0", "ü"][..]);
    let below = prop::collection::vec(segments, 1..4);
    prop_oneof![
        40 => below.prop_map(|segments| format!("s3://b/{}", segments.join("/"))),
        1 => Just("s3://b".to_owned()),
    ]
}

fn new() -> impl Strategy<Value = New> {
    let kind = select(&[TabularKind::Table, TabularKind::View][..]);
    (slot(), kind, place(), any::<bool>(), any::<bool>()).prop_map(
        |(slot, kind, place, replaces, keeps_id)| New {
            slot,
            kind,
            place,
            replaces,
            keeps_id,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let files = || select(&[Files::Keep, Files::Purge][..]);
    let message = String::new;
    let ends = vec![
        TaskEnd::Done { message: message() },
        TaskEnd::Failed { message: message() },
        TaskEnd::Retry {
            not_before: NOW,
            message: message(),
        },
    ];
    let moves = || (any::<Choice>(), place());
    prop_oneof![
        6 => new().prop_map(|new| Step::Commit(vec![new], Vec::new())),
        5 => moves().prop_map(|moved| Step::Commit(Vec::new(), vec![moved])),
        3 => (prop::collection::vec(new(), 0..3), prop::collection::vec(moves(), 0..3))
            .prop_map(|(new, moves)| Step::Commit(new, moves)),
        2 => (any::<Choice>(), slot()).prop_map(|(which, to)| Step::Rename(which, to)),
        3 => (any::<Choice>(), files()).prop_map(|(which, files)| Step::Drop(which, files)),
        1 => (0..NAMESPACES, files()).prop_map(|(at, files)| Step::DropNamespace(at, files)),
        4 => select(ends).prop_map(Step::EndPurge),
    ]
}

pub async fn places_are_given_as_a_model_allows(store: &Arc<dyn Store>) {
    let (store, runtime) = (Arc::clone(store), Handle::current());
    let checked = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        });
        let steps = prop::collection::vec(step(), 1..STEPS);
        runner.run(&steps, |steps| {
            runtime.block_on(async {
                let mut world = World::new(&store).await;
                for step in steps {
                    world.take(step).await;
                    world.check().await;
                }
            });
            Ok(())
        })
    });
    if let Err(broken) = checked.await.unwrap() {
        panic!("{broken}");
    }
}

/// A warehouse and the model of what it must contain.
struct World {
    catalog: Catalog,
    namespaces: Vec<NamespaceId>,
    model: Model,
}

impl World {
    async fn new(store: &Arc<dyn Store>) -> Self {
        let catalog = Catalog::new(store).await;
        let mut namespaces = Vec::new();
        for at in 0..NAMESPACES {
            namespaces.push(catalog.namespace(&[&format!("ns{at}")]).await);
        }
        Self {
            catalog,
            namespaces,
            model: Model::default(),
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Commit(new, moves) => self.commit(new, moves).await,
            Step::Rename(which, to) => self.rename(which, to).await,
            Step::Drop(which, files) => self.drop(which, files).await,
            Step::DropNamespace(at, files) => self.drop_namespace(at, files).await,
            Step::EndPurge(end) => self.end_purge(end).await,
        }
    }

    fn chosen(&self, which: Choice) -> Option<Slot> {
        let slots: Vec<Slot> = self.model.entries.keys().copied().collect();
        (!slots.is_empty()).then(|| *which.get(&slots))
    }

    async fn commit(&mut self, new: Vec<New>, moves: Vec<(Choice, String)>) {
        // Touch each row once: a row that is touched twice makes a commit stale, which tests nothing about
        // locations.
        let mut touched = BTreeSet::new();
        let (mut creations, mut creates) = (Vec::new(), Vec::new());
        for new in new {
            let there = self.model.entries.get(&new.slot);
            let there = there.filter(|_| new.replaces && touched.insert(new.slot));
            let id = there.filter(|_| new.keeps_id).map(|there| there.id);
            let creation = Creation {
                slot: new.slot,
                id: id.unwrap_or_else(TabularId::generate),
                place: new.place,
                replaces: there.is_some(),
            };
            creates.push(NewTabular {
                id: creation.id,
                kind: new.kind,
                replaces: there.map(|there| AtVersion::of(there.id, there.version)),
                ..new_table_at(
                    self.namespaces[new.slot.0],
                    &slot_name(new.slot),
                    &creation.place,
                )
            });
            creations.push(creation);
        }
        let (mut moved, mut swaps) = (Vec::new(), Vec::new());
        for (which, place) in moves {
            let Some(slot) = self.chosen(which).filter(|slot| touched.insert(*slot)) else {
                continue;
            };
            let row = self.catalog.load(self.model.entries[&slot].id).await;
            let mut swap = swap(&row.unwrap(), "moved");
            swap.claimed_location = Some(place.clone());
            swap.content = content(&place, "moved");
            swaps.push(swap);
            moved.push((slot, place));
        }
        let expected = self.model.commit(&creations, &moved);
        let done = self.catalog.commit(creates, swaps, Effects::none()).await;
        assert_eq!(outcome(done), expected, "{creations:?} {moved:?}");
    }

    async fn rename(&mut self, which: Choice, to: Slot) {
        let Some(from) = self.chosen(which) else {
            return;
        };
        let entry = &self.model.entries[&from];
        let rename = TabularRename {
            id: entry.id,
            expected: entry.version,
            namespace: self.namespaces[to.0],
            found_at: None,
            name: name(&slot_name(to)),
            at: later(2),
        };
        let expected = self.model.rename(from, to);
        let renamed = self.catalog.store.tabular_rename(rename, Effects::none());
        assert_eq!(outcome(renamed.await), expected, "{from:?} to {to:?}");
    }

    /// The purge tasks that a drop of these entries queues.
    fn purges(&mut self, slots: &[Slot], files: Files) -> Effects {
        let slots = slots.iter().filter(|_| files == Files::Purge);
        let places = slots.flat_map(|slot| &self.model.entries[slot].places);
        let places: Vec<String> = places.cloned().collect();
        let tasks = places.iter().map(|place| NewTask {
            id: TaskId::generate(),
            subject: place.clone(),
            ..task(QUEUE, self.catalog.warehouse)
        });
        let tasks = tasks.collect();
        self.model.purging.extend(places);
        Effects {
            tasks,
            ..Effects::none()
        }
    }

    async fn drop(&mut self, which: Choice, files: Files) {
        let Some(slot) = self.chosen(which) else {
            return;
        };
        let effects = self.purges(&[slot], files);
        let entry = &self.model.entries[&slot];
        let seen = AtVersion::of(entry.id, entry.version);
        let dropped = self.catalog.store.tabular_drop(seen, effects);
        dropped.await.unwrap();
        self.model.drop(slot);
    }

    async fn drop_namespace(&mut self, at: usize, files: Files) {
        let (store, id) = (Arc::clone(&self.catalog.store), self.namespaces[at]);
        let slots = self.model.entries.keys().copied();
        let slots: Vec<Slot> = slots.filter(|slot| slot.0 == at).collect();
        let effects = self.purges(&slots, files);
        let tree = store.namespace_tree(self.catalog.warehouse, id).await;
        let drop = NamespaceDrop {
            mode: crate::DropMode::Hard,
            at: NOW,
            id,
            expected: Version::FIRST,
            tree: tree.unwrap(),
        };
        store.namespace_drop(drop, effects).await.unwrap();
        self.namespaces[at] = self.catalog.namespace(&[&format!("ns{at}")]).await;
        for slot in slots {
            self.model.drop(slot);
        }
    }

    /// Ends an attempt at a waiting task, if there is one. Tasks that earlier cases have left are ended on the
    /// way.
    async fn end_purge(&mut self, end: TaskEnd) {
        let store = &self.catalog.store;
        loop {
            let claimed = store
                .task_claim(QUEUE, "worker", lease(NOW, later(1_000)))
                .await;
            let Some(claimed) = claimed.unwrap() else {
                assert!(self.model.purging.is_empty(), "a purge that nobody gets");
                return;
            };
            let is_own = claimed.scope == crate::TaskScope::Warehouse(self.catalog.warehouse);
            let message = String::new();
            let end = if is_own {
                end.clone()
            } else {
                TaskEnd::Done { message }
            };
            let is_over = !matches!(end, TaskEnd::Retry { .. });
            let ended = store
                .task_end(
                    TaskClaim::of(claimed.id, "worker"),
                    end,
                    NOW,
                    Effects::none(),
                )
                .await;
            ended.unwrap();
            if is_own && is_over {
                self.model.end_purge(&claimed.subject);
            }
            if is_own {
                return;
            }
        }
    }

    /// Asserts that store and model know the same locations and that no two of them overlap.
    async fn check(&self) {
        let store = &self.catalog.store;
        let mut owned: Vec<(Option<TabularId>, String)> = Vec::new();
        for entry in self.model.entries.values() {
            let row = self.catalog.load(entry.id).await.unwrap();
            assert_eq!(
                (row.version, &row.content.location),
                (entry.version, &entry.present)
            );
            let former = store.tabular_former_locations(vec![entry.id]).await;
            let mut places: BTreeSet<String> = former.unwrap().into_iter().collect();
            places.insert(row.content.location);
            assert_eq!(places, entry.places);
            owned.extend(places.into_iter().map(|place| (Some(entry.id), place)));
        }
        let purging = self.model.purging.iter().map(|place| (None, place.clone()));
        owned.extend(purging);
        for (at, (owner, place)) in owned.iter().enumerate() {
            for (other, beside) in owned.iter().skip(at + 1) {
                let apart = owner == other || !overlap(place, beside);
                assert!(apart, "{place} of {owner:?} and {beside} of {other:?}");
            }
            let inside = format!("{place}/data/a.parquet");
            let expected = self.model.find(&inside);
            let found = store.tabular_find_by_location(self.catalog.warehouse, inside.clone());
            let found = found.await.unwrap();
            let found = found.as_ref().map(|it| (it.stamp.id, it.place.as_str()));
            assert_eq!(found, expected);
        }
    }
}

fn slot_name(slot: Slot) -> String {
    format!("t{}", slot.1)
}

fn outcome(result: Result<()>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(StoreError::AlreadyExists(_)) => Outcome::NameTaken,
        Err(StoreError::LocationTaken { .. }) => Outcome::LocationTaken,
        Err(other) => panic!("{other:?}"),
    }
}
