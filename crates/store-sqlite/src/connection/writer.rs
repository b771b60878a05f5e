//! The only writer: waiting pieces of work share a transaction, and with it the wait for the disk.
//!
//! Each piece of work has its own savepoint, so a refused one leaves nothing behind and does not affect the
//! others. Answers are sent only after COMMIT.

use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use store::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::{closed, guarded};
use crate::error::{Failure, Work};

/// Most pieces of work that share a transaction.
const BATCH: usize = 256;
/// Most waiting pieces of work. Further callers wait for a place in the queue.
const WAITING: usize = 1_024;
/// The length of the log in bytes beyond which the writer waits for readers of old states, so that it can start
/// the log anew. Otherwise readers in close succession would let it grow for ever.
const LONG_LOG: u64 = 128 << 20;

/// The thread that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(connection: Connection) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let thread = thread::Builder::new()
            .name("sqlite-write".to_owned())
            .spawn(move || serve(&connection, waiting))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Runs the work, all of it or nothing, and answers once the change cannot be lost any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Work<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Waiting {
            work: Some(work),
            outcome: None,
            answer,
        });
        let queue = self.queue.as_ref().ok_or_else(closed)?;
        queue.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

impl Drop for Writer {
    /// Finishes the waiting work and closes the database.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Work with its result type erased.
trait Job: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Does the work.
    fn run(&mut self, connection: &Connection);
    /// Why the work was refused, if it was.
    fn failure(&self) -> Option<&Failure>;
    /// Sends the caller its result, given how the transaction ended.
    fn answer(self: Box<Self>, ended: &Ended);
}

/// How a transaction ended.
enum Ended {
    Committed,
    /// It was certainly rolled back.
    RolledBack(String),
    /// COMMIT failed: after a crash the change may turn out to have been made.
    InDoubt(String),
}

struct Waiting<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, Failure>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Work<T> + Send> Job for Waiting<T, F> {
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(&mut self, connection: &Connection) {
        self.outcome = self.work.take().map(|work| guarded(connection, work));
    }

    fn failure(&self) -> Option<&Failure> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn answer(self: Box<Self>, ended: &Ended) {
        let unavailable = |why: &String| StoreError::Unavailable(why.clone().into());
        let told = match (self.outcome, ended) {
            (Some(outcome), Ended::Committed) => outcome.map_err(Into::into),
            (Some(Ok(_)), Ended::InDoubt(why)) => {
                Err(StoreError::OutcomeUnknown(why.clone().into()))
            }
            // A refusal may be due to a change of another job that is rolled back now; report the rollback
            // instead.
            (_, Ended::InDoubt(why) | Ended::RolledBack(why)) => Err(unavailable(why)),
            (None, Ended::Committed) => Err(closed()),
        };
        let _ = self.answer.send(told);
    }
}

fn serve(connection: &Connection, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(first) = waiting.blocking_recv() {
        batch.push(first);
        while batch.len() < BATCH {
            let Ok(next) = waiting.try_recv() else { break };
            batch.push(next);
        }
        batch.retain(|job| !job.is_abandoned());
        if batch.is_empty() {
            continue;
        }
        let ended = transact(connection, &mut batch);
        if let Ended::RolledBack(why) | Ended::InDoubt(why) = &ended {
            tracing::error!(jobs = batch.len(), "a transaction failed: {why}");
        }
        for job in batch.drain(..) {
            job.answer(&ended);
        }
        shorten_log(connection);
    }
}

fn transact(connection: &Connection, batch: &mut [Box<dyn Job>]) -> Ended {
    if let Err(why) = begin_and_run(connection, batch) {
        roll_back(connection);
        return Ended::RolledBack(why);
    }
    match execute(connection, "commit") {
        Ok(()) => Ended::Committed,
        Err(error) => {
            roll_back(connection);
            Ended::InDoubt(error.to_string())
        }
    }
}

fn begin_and_run(connection: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), String> {
    let execute = |statement| execute(connection, statement).map_err(|error| error.to_string());
    execute("begin immediate")?;
    for job in batch {
        execute("savepoint job")?;
        job.run(connection);
        if let Some(failure) = job.failure() {
            // An error such as a full disk has ended the whole transaction.
            if connection.is_autocommit() {
                return Err(format!("{failure:?}"));
            }
            execute("rollback to job")?;
        }
        execute("release job")?;
    }
    Ok(())
}

/// Moves the log into the database and starts it anew if it has become long.
fn shorten_log(connection: &Connection) {
    let log = connection.path().map(|path| format!("{path}-wal"));
    let length = log.and_then(|log| std::fs::metadata(log).ok());
    if length.is_some_and(|log| log.len() > LONG_LOG) {
        // Reports `busy` if a reader does not end in time; the next transaction tries again.
        let moved = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
        if let Err(error) = moved {
            tracing::warn!("the log could not be shortened: {error}");
        }
    }
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "rollback")
    {
        tracing::error!("a transaction could not be rolled back: {error}");
    }
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests;
