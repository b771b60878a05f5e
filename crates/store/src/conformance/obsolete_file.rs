//! Metadata files that commits have made obsolete.

use std::sync::Arc;
use std::time::Duration;

use model::{PageRequest, TabularId, TabularKind, Version};

use super::fixture::{
    Catalog, Marks, NOW, later, lease, name, new_table, new_table_at, refused, swap, task,
};
use super::soft_deletion::HOW;
use crate::{
    AtVersion, Commit, DropMode, Effects, METADATA_CLEANUP, NamespaceDrop, NewTask, Obsolete,
    ObsoleteFile, Store, StoreError, Swap, TaskClaim, TaskControl, TaskEnd, TaskFilter, TaskInfo,
    TaskRow, TaskScope, TaskStatus, TaskTabular, Undrop,
};

fn cleanup_of(catalog: &Catalog, id: TabularId) -> NewTask {
    NewTask {
        subject: String::new(),
        tabular: Some(TaskTabular {
            id,
            kind: TabularKind::Table,
            path: vec!["a".to_owned(), "t".to_owned()],
        }),
        ..task(METADATA_CLEANUP, catalog.warehouse)
    }
}

/// A swap that makes these files obsolete.
async fn leaving(catalog: &Catalog, id: TabularId, files: &[&str]) -> Swap {
    let row = catalog.load(id).await.unwrap();
    let files = files.iter().map(ToString::to_string).collect();
    let task = cleanup_of(catalog, id);
    Swap {
        obsolete: Some(Obsolete { files, task }),
        ..swap(&row, "next")
    }
}

async fn leave(catalog: &Catalog, id: TabularId, files: &[&str]) {
    let swap = leaving(catalog, id, files).await;
    catalog.swap(vec![swap]).await.unwrap();
}

async fn noted(store: &Arc<dyn Store>, id: TabularId) -> Vec<ObsoleteFile> {
    let found = store.obsolete_file_list(id, 1_000).await.unwrap();
    found.unwrap().files
}

async fn files(store: &Arc<dyn Store>, id: TabularId) -> Vec<String> {
    let noted = noted(store, id).await.into_iter();
    noted.map(|file| file.location).collect()
}

async fn forget(store: &Arc<dyn Store>, id: TabularId) {
    let numbers = noted(store, id)
        .await
        .iter()
        .map(|file| file.number)
        .collect();
    store.obsolete_file_forget(id, numbers).await.unwrap();
}

async fn waiting(store: &Arc<dyn Store>) -> u64 {
    store.task_count(METADATA_CLEANUP).await.unwrap()
}

async fn claim(store: &Arc<dyn Store>, at: i64) -> Option<TaskRow> {
    let lease = lease(later(at), later(at).plus(Duration::from_mins(1)));
    store
        .task_claim(METADATA_CLEANUP, "w", lease)
        .await
        .unwrap()
}

async fn drained(store: &Arc<dyn Store>, task: &TaskRow, at: i64) {
    let end = TaskEnd::Drained {
        message: format!("done at {at}"),
        again: later(at + 10),
    };
    let ended = store.task_end(TaskClaim::of(task.id, "w"), end, later(at), Effects::none());
    ended.await.unwrap();
}

async fn tasks(catalog: &Catalog) -> Vec<TaskInfo> {
    let scope = TaskScope::Warehouse(catalog.warehouse);
    let listed = catalog
        .store
        .task_list(&scope, TaskFilter::default(), PageRequest::FIRST);
    listed.await.unwrap().items
}

pub async fn what_a_swap_makes_obsolete_is_noted_with_it(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let new = new_table_at(home, "t", "s3://bucket/noted/t");
    let (one, other) = (new.id, catalog.table(home, "other").await);
    catalog.create(new).await.unwrap();
    assert_eq!(
        (noted(store, one).await, waiting(store).await),
        (Vec::new(), 0)
    );
    let swap = leaving(&catalog, one, &["s3://b/1", "s3://b/2"]).await;
    let task = swap.obsolete.as_ref().unwrap().task.clone();
    catalog.swap(vec![swap.clone()]).await.unwrap();
    assert_eq!(files(store, one).await, ["s3://b/1", "s3://b/2"]);
    // A swap that has lost its race makes nothing obsolete.
    refused!(
        catalog.swap(vec![swap.clone()]).await,
        StoreError::Stale { .. }
    );
    let marks = Marks::of(catalog.warehouse);
    let swaps = vec![swap, leaving(&catalog, other, &["s3://b/5"]).await];
    let refused = catalog.commit(Vec::new(), swaps, marks.effects()).await;
    refused!(refused, StoreError::Stale { .. });
    assert_eq!(files(store, one).await, ["s3://b/1", "s3://b/2"]);
    assert_eq!(
        (files(store, other).await.len(), waiting(store).await),
        (0, 1)
    );
    // Together with another swap, with all effects, and with a move.
    let mut moves = leaving(&catalog, one, &["s3://b/3"]).await;
    moves.claimed_location = Some("s3://bucket/moved/t".to_owned());
    let swaps = vec![moves, leaving(&catalog, other, &["s3://b/4"]).await];
    let committed = catalog.commit(Vec::new(), swaps, marks.effects()).await;
    committed.unwrap();
    marks.are_there(store).await;
    assert_eq!(files(store, other).await, ["s3://b/4"]);
    let found = store.obsolete_file_list(one, 2).await.unwrap().unwrap();
    let first: Vec<_> = found.files.iter().map(|file| &*file.location).collect();
    assert_eq!(first, ["s3://b/1", "s3://b/2"]);
    let row = catalog.load(one).await.unwrap();
    assert_eq!(
        found.content.metadata_location,
        row.content.metadata_location
    );
    let mut places = found.places;
    places.sort();
    assert_eq!(places, ["s3://bucket/moved/t", "s3://bucket/noted/t"]);
    // Files are forgotten for their own table only; forgetting them twice is no error.
    let numbers: Vec<_> = found.files.iter().map(|file| file.number).collect();
    for table in [other, one, one] {
        let forgotten = store.obsolete_file_forget(table, numbers.clone());
        forgotten.await.unwrap();
    }
    assert_eq!(files(store, one).await, ["s3://b/3"]);
    assert_eq!(files(store, other).await, ["s3://b/4"]);
    let claimed = claim(store, 1).await.unwrap();
    assert_eq!((claimed.id, claimed.tabular), (task.id, task.tabular));
    assert_eq!((claimed.scope, claimed.payload), (task.scope, task.payload));
}

pub async fn a_table_has_one_task_however_many_commits(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let (one, other) = (
        catalog.table(home, "t").await,
        catalog.table(home, "u").await,
    );
    for number in 0..5 {
        leave(&catalog, one, &[&format!("s3://b/{number}")]).await;
        let swap = leaving(&catalog, one, &[]).await;
        let marks = Marks::of(catalog.warehouse);
        let committed = catalog.commit(Vec::new(), vec![swap], marks.effects());
        committed.await.unwrap();
        assert_eq!(waiting(store).await, 1);
    }
    assert_eq!(noted(store, one).await.len(), 5);
    let task = claim(store, 1).await.unwrap();
    leave(&catalog, one, &["s3://b/6"]).await;
    assert_eq!(waiting(store).await, 1);
    assert_eq!(claim(store, 2).await, None);
    leave(&catalog, other, &["s3://b/7"]).await;
    assert_eq!(claim(store, 2).await.unwrap().tabular.unwrap().id, other);
    // A failed or cancelled task is gone; the task of the next commit deletes its files as well.
    let failed = TaskEnd::Failed {
        message: "no".to_owned(),
    };
    let ended = store.task_end(TaskClaim::of(task.id, "w"), failed, NOW, Effects::none());
    ended.await.unwrap();
    leave(&catalog, one, &["s3://b/8"]).await;
    let task = claim(store, 3).await.unwrap();
    assert_eq!(task.tabular.unwrap().id, one);
    let (scope, cancel) = (task.scope, (TaskControl::Cancel, NOW));
    let cancelled = store.task_control(&scope, vec![task.id], cancel, Effects::none());
    cancelled.await.unwrap();
    leave(&catalog, one, &["s3://b/9"]).await;
    assert_eq!(claim(store, 4).await.unwrap().tabular.unwrap().id, one);
    assert_eq!(noted(store, one).await.len(), 8);
}

pub async fn its_task_is_done_when_nothing_is_noted_any_more(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let table = catalog.table(home, "t").await;
    for round in 0..3 {
        let at = round * 100;
        leave(&catalog, table, &["s3://b/1"]).await;
        let task = claim(store, at + 1).await.unwrap();
        drained(store, &task, at + 2).await;
        let seen = tasks(&catalog).await;
        let last = seen.first().unwrap();
        assert_eq!((last.id, last.status), (task.id, TaskStatus::Scheduled));
        assert_eq!((last.attempt, last.scheduled_for), (0, later(at + 12)));
        assert_eq!(claim(store, at + 11).await, None);
        let again = claim(store, at + 12).await.unwrap();
        assert_eq!((again.id, again.attempt), (task.id, 1));
        forget(store, table).await;
        drained(store, &again, at + 13).await;
        assert_eq!(waiting(store).await, 0);
        // The log keeps the last success only.
        let seen = tasks(&catalog).await;
        let seen: Vec<_> = seen.iter().map(|task| (task.id, task.status)).collect();
        assert_eq!(seen, [(task.id, TaskStatus::Success)]);
        let held = TaskClaim::of(task.id, "w");
        let message = String::new();
        let again = later(at);
        let end = TaskEnd::Drained { message, again };
        let ended = store.task_end(held, end, NOW, Effects::none()).await;
        refused!(ended, StoreError::NotFound(_));
    }
}

pub async fn of_a_commit_and_an_end_at_once_nothing_is_left_without_a_task(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let table = catalog.table(home, "t").await;
    for round in 0..30 {
        leave(&catalog, table, &["s3://b/1"]).await;
        let task = claim(store, 1_000_000 * (round + 1)).await.unwrap();
        forget(store, table).await;
        let swap = leaving(&catalog, table, &["s3://b/2"]).await;
        let committing = {
            let catalog = catalog.clone();
            tokio::spawn(async move { catalog.swap(vec![swap]).await })
        };
        let ending = {
            let store = Arc::clone(store);
            tokio::spawn(async move { drained(&store, &task, 1).await })
        };
        committing.await.unwrap().unwrap();
        ending.await.unwrap();
        assert_eq!(noted(store, table).await.len(), 1);
        assert_eq!(waiting(store).await, 1, "round {round}");
        forget(store, table).await;
        let task = claim(store, 1_000_000 * (round + 1) + 999_999).await;
        drained(store, &task.unwrap(), 1).await;
    }
}

pub async fn they_go_with_the_table_and_not_before(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let home = catalog.namespace(&["a"]).await;
    let stays = catalog.table(home, "stays").await;
    leave(&catalog, stays, &["s3://b/stays"]).await;
    let gone = async |id| {
        let found = store.obsolete_file_list(id, 10).await.unwrap();
        assert!(found.is_none());
        assert_eq!(waiting(store).await, 1);
    };

    let dropped = catalog.table(home, "dropped").await;
    leave(&catalog, dropped, &["s3://b/1"]).await;
    let at = AtVersion::of(dropped, catalog.version(dropped).await);
    store.tabular_drop(at, Effects::none()).await.unwrap();
    gone(dropped).await;

    let inner = catalog.namespace(&["a", "b"]).await;
    let below = catalog.table(inner, "below").await;
    leave(&catalog, below, &["s3://b/1"]).await;
    let tree = store.namespace_tree(catalog.warehouse, inner).await;
    let drop = NamespaceDrop {
        id: inner,
        expected: Version::FIRST,
        tree: tree.unwrap(),
        mode: DropMode::Hard,
        at: NOW,
    };
    store.namespace_drop(drop, Effects::none()).await.unwrap();
    gone(below).await;

    // Registered again with the same id: formerly obsolete files may be its metadata now, so none is noted any
    // more.
    let replaced = catalog.table(home, "replaced").await;
    leave(&catalog, replaced, &["s3://b/1"]).await;
    let mut new = new_table(home, "replaced");
    new.id = replaced;
    new.name = name("replaced");
    new.replaces = Some(AtVersion::of(replaced, catalog.version(replaced).await));
    new.version = Version::of_reused_id(later(1));
    let commit = Commit {
        warehouse: catalog.warehouse,
        creates: vec![new],
        swaps: Vec::new(),
        at: later(1),
    };
    let committed = store.tabular_commit(commit, Effects::none());
    committed.await.unwrap();
    assert_eq!(
        (noted(store, replaced).await, waiting(store).await),
        (Vec::new(), 1)
    );

    let soft = catalog.table(home, "soft").await;
    leave(&catalog, soft, &["s3://b/1"]).await;
    let at = AtVersion::of(soft, catalog.version(soft).await);
    store.soft_drop(at, HOW, Effects::none()).await.unwrap();
    assert_eq!(
        (files(store, soft).await, waiting(store).await),
        (vec!["s3://b/1".to_owned()], 2)
    );
    let undrop = Undrop {
        warehouse: catalog.warehouse,
        tabulars: vec![AtVersion::of(soft, at.version.next())],
        at: later(3),
    };
    store.undrop(undrop, Effects::none()).await.unwrap();
    assert_eq!(
        (files(store, soft).await.len(), waiting(store).await),
        (1, 2)
    );
    assert_eq!(files(store, stays).await, ["s3://b/stays"]);
}
