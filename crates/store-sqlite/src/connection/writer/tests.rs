#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

use std::sync::Arc;
use std::sync::mpsc;

use rusqlite::Connection;
use store::{Entity, StoreError};
use tokio::sync::oneshot;

use super::Writer;
use crate::error::{Work, not_found};

fn writer() -> Arc<Writer> {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "pragma foreign_keys = on;
             create table parent (id integer primary key);
             create table kept (text text not null);
             create table child (
                 parent integer references parent (id) deferrable initially deferred
             );",
        )
        .unwrap();
    Arc::new(Writer::start(connection).unwrap())
}

fn keep(text: &'static str) -> impl FnOnce(&Connection) -> Work<()> + Send {
    move |db| {
        db.execute("insert into kept values (?1)", [text])?;
        Ok(())
    }
}

async fn kept(writer: &Writer) -> Vec<String> {
    let read = |db: &Connection| {
        let mut statement = db.prepare("select text from kept order by rowid")?;
        let texts = statement.query_map([], |row| row.get(0))?;
        Ok(texts.collect::<rusqlite::Result<_>>()?)
    };
    writer.run(read).await.unwrap()
}

type Boxed = Box<dyn FnOnce(&Connection) -> Work<()> + Send>;
type Outcome = tokio::task::JoinHandle<Result<(), StoreError>>;

/// Runs all pieces of work in one transaction: keeps the thread busy until all of them wait.
async fn together(writer: &Arc<Writer>, works: Vec<Boxed>) -> Vec<Result<(), StoreError>> {
    let (holder, go) = hold(writer).await;
    let mut outcomes = Vec::new();
    for work in works {
        outcomes.push(spawn(writer, work));
        until_waiting(writer, outcomes.len()).await;
    }
    go.send(()).unwrap();
    holder.await.unwrap().unwrap();
    let mut results = Vec::new();
    for outcome in outcomes {
        results.push(outcome.await.unwrap());
    }
    results
}

/// Returns when `count` jobs wait for the thread.
async fn until_waiting(writer: &Writer, count: usize) {
    let queue = writer.queue.as_ref().unwrap();
    while queue.max_capacity() - queue.capacity() < count {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

/// Keeps the thread busy until told to go on.
async fn hold(writer: &Arc<Writer>) -> (Outcome, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel();
    let (begun, begins) = oneshot::channel();
    let holder = spawn(writer, move |_| {
        let _ = begun.send(());
        let _ = wait.recv();
        Ok(())
    });
    begins.await.unwrap();
    (holder, go)
}

fn spawn(
    writer: &Arc<Writer>,
    work: impl FnOnce(&Connection) -> Work<()> + Send + 'static,
) -> Outcome {
    let writer = Arc::clone(writer);
    tokio::spawn(async move { writer.run(work).await })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_leaves_nothing_and_its_neighbours_alone() {
    let writer = writer();
    let refuse = |db: &Connection| {
        keep("half")(db)?;
        Err(not_found(Entity::Server))
    };
    let works: Vec<Boxed> = vec![
        Box::new(keep("one")),
        Box::new(refuse),
        Box::new(keep("two")),
    ];
    let results = together(&writer, works).await;
    assert!(results[0].is_ok() && results[2].is_ok());
    assert!(matches!(results[1], Err(StoreError::NotFound(_))));
    assert_eq!(kept(&writer).await, ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_its_own_change_only() {
    let writer = writer();
    let panics = |db: &Connection| {
        keep("half")(db)?;
        panic!("on purpose")
    };
    let works: Vec<Boxed> = vec![
        Box::new(keep("one")),
        Box::new(panics),
        Box::new(keep("two")),
    ];
    let results = together(&writer, works).await;
    assert!(results[0].is_ok() && results[2].is_ok());
    assert!(matches!(results[1], Err(StoreError::Internal(_))));
    assert_eq!(kept(&writer).await, ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_acknowledges_nothing() {
    let writer = writer();
    // Violates a constraint that is checked at COMMIT only, like a disk that fails there.
    let bomb = |db: &Connection| {
        db.execute("insert into child values (4711)", [])?;
        Ok(())
    };
    let refuse = |_: &Connection| Err(not_found(Entity::Server));
    let works: Vec<Boxed> = vec![
        Box::new(keep("one")),
        Box::new(bomb),
        Box::new(refuse),
        Box::new(keep("two")),
    ];
    let results = together(&writer, works).await;
    for at in [0, 1, 3] {
        let doubt = matches!(results[at], Err(StoreError::OutcomeUnknown(_)));
        assert!(doubt, "{:?}", results[at]);
    }
    // A refusal that may rest on rolled-back changes is not reported.
    assert!(matches!(results[2], Err(StoreError::Unavailable(_))));
    writer.run(keep("later")).await.unwrap();
    assert_eq!(kept(&writer).await, ["later"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_ends_early_acknowledges_nothing() {
    let writer = writer();
    let full = |db: &Connection| {
        // SQLite does the same itself when the disk is full at the wrong moment.
        db.execute_batch("rollback")?;
        Err(not_found(Entity::Server))
    };
    let works: Vec<Boxed> = vec![Box::new(keep("one")), Box::new(full), Box::new(keep("two"))];
    for result in together(&writer, works).await {
        assert!(
            matches!(result, Err(StoreError::Unavailable(_))),
            "{result:?}"
        );
    }
    writer.run(keep("later")).await.unwrap();
    assert_eq!(kept(&writer).await, ["later"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_wait_any_more_changes_nothing() {
    let writer = writer();
    let (holder, go) = hold(&writer).await;
    let gone = spawn(&writer, keep("gone"));
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    gone.abort();
    let _ = gone.await;
    go.send(()).unwrap();
    holder.await.unwrap().unwrap();
    assert!(kept(&writer).await.is_empty());
}
