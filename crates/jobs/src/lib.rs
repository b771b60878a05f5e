//! Runs durable tasks: claims them, keeps the claim while they run, and retries them with growing delays.
//!
//! A task whose worker dies is taken over when its lease has run out, so a worker must be able to run the same task
//! twice.

mod caught;
mod claim;
mod end_event;
mod housekeeping;
mod log_cleanup;
mod run;

pub use caught::caught;
pub use claim::{Claim, keep_claim};
pub use housekeeping::{Housekeeping, Retention};
pub use log_cleanup::{LogCleanupConfig, LogCleanupWorker, Period};
pub use run::{Runner, Runners, idle};

use std::fmt::Debug;

use async_trait::async_trait;
use model::Timestamp;
use store::{NewTask, StoreError, TaskEnd, TaskRow};

/// Executes the tasks of one queue.
#[async_trait]
pub trait Worker: Debug + Send + Sync {
    /// The name of the queue.
    fn queue(&self) -> &'static str;

    /// Executes one task; returns a message that says what was done. May be called again for a task that was done in
    /// part or in full.
    ///
    /// Before it deletes what it has found, it must call [`Claim::confirm`].
    async fn work(&self, task: &TaskRow, claim: &Claim) -> Result<String, WorkError>;

    /// How a task ends after [`Worker::work`] has succeeded.
    fn end(&self, message: String, _now: Timestamp) -> TaskEnd {
        TaskEnd::Done { message }
    }

    /// The task that is queued when this one has failed for good, for work that must be done some day; by default
    /// there is none.
    fn successor(&self, _task: &TaskRow, _now: Timestamp) -> Option<NewTask> {
        None
    }
}

/// Collects data in memory that is to be written from time to time.
#[async_trait]
pub trait Flush: Debug + Send + Sync {
    /// Writes the collected data, and deals with failures itself. Must return in bounded time.
    async fn flush(&self);
}

/// Why a task has failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// It may succeed later and is retried.
    #[error("{0}")]
    Retry(String),
    /// It can never succeed.
    #[error("{0}")]
    Hopeless(String),
    /// The claim has ended.
    #[error(transparent)]
    Claim(#[from] ClaimEnd),
}

/// An error of the database is retried: it may answer later.
impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        Self::Retry(error.to_string())
    }
}

/// Why a claim has ended before the work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimEnd {
    /// Another worker has taken the task over, or the task was cancelled.
    #[error("{0}")]
    Lost(String),
    /// This attempt was stopped on request; the task is retried later.
    #[error("stopped on request")]
    Stopped,
}
