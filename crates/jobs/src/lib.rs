//! Runs durable tasks: claims them, keeps the claim alive while they run, tries again with a growing delay.
//!
//! A task whose worker dies is taken over when its lease has run out, so a worker must be able to run the same task twice.

mod caught;
mod claim;
mod housekeeping;
mod log_cleanup;
mod run;
mod told;

pub use caught::caught;
pub use claim::{Claim, keep_claim};
pub use housekeeping::{Housekeeping, Retention};
pub use log_cleanup::{LogCleanupConfig, LogCleanupWorker, Period};
pub use run::{Runner, Runners, idle};

use std::fmt::Debug;

use async_trait::async_trait;
use model::Timestamp;
use store::{NewTask, StoreError, TaskEnd, TaskRow};

/// Does the tasks of one queue.
#[async_trait]
pub trait Worker: Debug + Send + Sync {
    /// The queue.
    fn queue(&self) -> &'static str;

    /// Does one task; says what was done. May be called again for a task that it has done in part or in full.
    ///
    /// Before it destroys what it has found, it asks [`Claim::confirm`].
    async fn work(&self, task: &TaskRow, claim: &Claim) -> Result<String, WorkError>;

    /// How a task ends that [`Worker::work`] has done.
    fn end(&self, message: String, _now: Timestamp) -> TaskEnd {
        TaskEnd::Done { message }
    }

    /// The task that is queued as one is given up, for what must be done some day; for most there is none.
    fn successor(&self, _task: &TaskRow, _now: Timestamp) -> Option<NewTask> {
        None
    }
}

/// Keeps in memory for a while what is to be written.
#[async_trait]
pub trait Flush: Debug + Send + Sync {
    /// Writes what there is; what cannot be written is its own matter. Comes to an end in bounded time.
    async fn flush(&self);
}

/// Why a task was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// It may succeed later.
    #[error("{0}")]
    Retry(String),
    /// It never will.
    #[error("{0}")]
    Hopeless(String),
    /// The claim has ended.
    #[error(transparent)]
    Claim(#[from] ClaimEnd),
}

/// The database may answer later.
impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        Self::Retry(error.to_string())
    }
}

/// Why a claim has ended before the work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimEnd {
    /// Another worker has taken it over, or somebody has called it off.
    #[error("{0}")]
    Lost(String),
    /// Somebody wants this attempt to end; the task is tried again later.
    #[error("stopped on request")]
    Stopped,
}
