//! Kills a process at arbitrary moments: every acknowledged commit is stored, and no commit is stored partially.
//!
//! A backend's test starts itself again as a child process, which calls [`write_until_killed`], and passes the
//! command that starts the child to [`Storm::kill_once`]. The child prints each commit after it was acknowledged;
//! the parent kills the child, opens the store again and compares.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use model::{EventKind, NamespaceId, ProjectId, TabularId, Version, WarehouseId};
use uuid::Uuid;

use super::fixture::{NOW, event, new_project, new_table, new_warehouse, record, swap, text_of};
use crate::{
    Commit, Effects, NewNamespace, NewTabular, ProjectRow, Store, StoreError, WarehouseRow,
};

const TABLES: u128 = 6;
const WRITERS: usize = 8;
/// How long a child runs if it is not killed.
const LIFE: Duration = Duration::from_mins(1);
/// Longest wait for the first commit of a child.
const PATIENCE: Duration = Duration::from_secs(30);
/// The beginning of each line that a child prints for a commit.
const ACKNOWLEDGED: &str = "acknowledged ";

fn warehouse() -> WarehouseId {
    Uuid::from_u128(1 << 64).into()
}

fn tables() -> impl Iterator<Item = TabularId> {
    (1..=TABLES).map(|number| Uuid::from_u128(number).into())
}

/// Creates the tables that the child writes to. Call it once, on the empty store.
pub async fn prepare(store: &Arc<dyn Store>) {
    let project = ProjectRow {
        id: ProjectId::nil(),
        ..new_project()
    };
    let row = WarehouseRow {
        id: warehouse(),
        ..new_warehouse(&project.id, "warehouse")
    };
    let namespace = NewNamespace {
        id: NamespaceId::generate(),
        warehouse: row.id,
        path: super::fixture::path(&["ns"]),
        parent: None,
        properties: model::Properties::new(),
        created_at: NOW,
    };
    let creates = tables().map(|id| NewTabular {
        id,
        ..new_table(namespace.id, &id.to_string())
    });
    let commit = Commit {
        warehouse: row.id,
        creates: creates.collect(),
        swaps: Vec::new(),
        at: NOW,
    };
    let none = Effects::none;
    store.project_create(project, none()).await.unwrap();
    store.warehouse_create(row, none()).await.unwrap();
    store.namespace_create(namespace, none()).await.unwrap();
    store.tabular_commit(commit, none()).await.unwrap();
}

/// The work of the child: several tasks commit to one to three tables at a time and print each acknowledged
/// commit.
pub async fn write_until_killed(store: Arc<dyn Store>) {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(Arc::clone(&store), writer)))
        .collect();
    let _ = tokio::time::timeout(LIFE, async {
        for writer in writers {
            writer.await.unwrap();
        }
    })
    .await;
}

async fn write(store: Arc<dyn Store>, writer: usize) {
    let ids: Vec<TabularId> = tables().collect();
    for round in writer.. {
        let count = 1 + round % 3;
        let mut rows = Vec::new();
        for step in 0..count {
            let id = ids[(round * 5 + writer + step) % ids.len()];
            rows.push(store.tabular_load(warehouse(), id).await.unwrap());
        }
        let key = Uuid::new_v4();
        // The subject of each event: the commit's key, its number of events, the table, and the new version.
        let told = rows.iter().map(|row| {
            let subject = format!("{key} {count} {} {}", row.id, row.version.next());
            event(EventKind::UpdateTable, &subject)
        });
        let effects = Effects {
            events: told.collect(),
            tasks: Vec::new(),
            idempotency: vec![record(key)],
            ..Effects::none()
        };
        let commit = Commit {
            warehouse: warehouse(),
            creates: Vec::new(),
            swaps: rows.iter().map(|row| swap(row, &key.to_string())).collect(),
            at: NOW,
        };
        match store.tabular_commit(commit, effects).await {
            Ok(()) => writeln!(std::io::stdout().lock(), "{ACKNOWLEDGED}{key} {count}").unwrap(),
            Err(StoreError::Stale { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

/// A running child, which is killed on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the parent has learnt so far. Use one for all kills of a store.
#[derive(Debug, Default)]
pub struct Storm {
    /// The acknowledged commits, with how many tables each has changed.
    acknowledged: HashMap<Uuid, usize>,
    /// The commits that occur in events: how many events each has, and how many were seen.
    told: HashMap<Uuid, (usize, usize)>,
    /// The commit that made each version of a table.
    versions: BTreeMap<(TabularId, Version), Uuid>,
    /// The place of the last event seen.
    place: i64,
}

impl Storm {
    /// Starts the child, lets it commit for a while, and kills it. Returns when the child is dead.
    pub fn kill_once(&mut self, mut child: Command, life: Duration) {
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let running = Running(child);
        let (sender, lines) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        self.read_first(&lines);
        std::thread::sleep(life);
        // Sends SIGKILL, which the child cannot catch.
        drop(running);
        reader.join().unwrap();
        for line in lines {
            self.read(&line);
        }
    }

    /// How many commits were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    fn read_first(&mut self, lines: &Receiver<String>) {
        let before = self.acknowledged();
        while self.acknowledged() == before {
            let line = lines.recv_timeout(PATIENCE);
            self.read(&line.expect("the child ended or did not commit"));
        }
    }

    /// Reads a line of the child. A line that the kill has cut short is no acknowledgement.
    fn read(&mut self, line: &str) {
        // A test harness may have printed something at the start of the line.
        let Some((_, rest)) = line.split_once(ACKNOWLEDGED) else {
            return;
        };
        let Some((key, count)) = rest.split_once(' ') else {
            return;
        };
        if let (Ok(key), Ok(count)) = (key.parse(), count.parse()) {
            self.acknowledged.insert(key, count);
        }
    }

    /// Compares the reopened store with the acknowledged commits, and its tables with its events.
    pub async fn check(&mut self, store: &Arc<dyn Store>) {
        // Tables first: the events that are read afterwards must cover every version seen.
        let mut rows = Vec::new();
        for id in tables() {
            rows.push(store.tabular_load(warehouse(), id).await.unwrap());
        }
        self.follow_events(store).await;
        for (key, (count, seen)) in &self.told {
            assert_eq!(count, seen, "commit {key} has all its events or none");
        }
        for (key, count) in &self.acknowledged {
            let told = self.told.get(key).map(|(count, _)| count);
            assert_eq!(told, Some(count), "acknowledged commit {key} is there");
        }
        for row in rows {
            let history: Vec<_> = self
                .versions
                .range((row.id, Version::from_i64(i64::MIN))..=(row.id, row.version))
                .collect();
            let expected = row.version.as_i64() - Version::FIRST.as_i64();
            assert_eq!(
                i64::try_from(history.len()),
                Ok(expected),
                "each version of {} has its event",
                row.id
            );
            if let Some((_, key)) = history.last() {
                assert_eq!(text_of(&row.content), key.to_string());
            }
        }
    }

    async fn follow_events(&mut self, store: &Arc<dyn Store>) {
        loop {
            let events = store.outbox_read(self.place, 1_000).await.unwrap();
            let Some(last) = events.last() else { return };
            self.place = last.sequence;
            for row in events {
                let words: Vec<&str> = row.event.subject.split(' ').collect();
                let key: Uuid = words[0].parse().unwrap();
                let count: usize = words[1].parse().unwrap();
                let version = Version::from_i64(words[3].parse().unwrap());
                let id: TabularId = words[2].parse().unwrap();
                let twin = self.versions.insert((id, version), key);
                assert_eq!(twin, None, "version {version} of {id} was made twice");
                let (_, seen) = self.told.entry(key).or_insert((count, 0));
                *seen += 1;
                if *seen == count {
                    let kept = store.idempotency_load(key).await.unwrap();
                    assert!(kept.is_some(), "commit {key} has its idempotency record");
                }
            }
        }
    }
}
