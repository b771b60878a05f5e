//! Durable work: tasks outlive the process that started them.

use async_trait::async_trait;
use model::{TaskId, Timestamp, WarehouseId};

use crate::Result;

/// Work to be done later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Its id.
    pub id: TaskId,
    /// The queue that it waits in.
    pub queue: &'static str,
    /// The warehouse that it belongs to.
    pub warehouse: WarehouseId,
    /// The location that it will empty, normalised. Until it has ended, nothing new may be put at, in or around it: the
    /// purge would delete it.
    pub subject: String,
    /// What its worker must know, as JSON; opaque to the store.
    pub payload: String,
    /// Not to be started before.
    pub not_before: Timestamp,
}

/// A task that a worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// The warehouse that it belongs to.
    pub warehouse: WarehouseId,
    /// What it is about, for people.
    pub subject: String,
    /// What its worker must know, as JSON.
    pub payload: String,
    /// How often it has been started, this time included.
    pub attempt: u32,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    /// It is done.
    Done {
        /// What was done.
        message: String,
    },
    /// It is to be tried again.
    Retry {
        /// Not before.
        not_before: Timestamp,
        /// Why.
        message: String,
    },
    /// It will not be tried again.
    Failed {
        /// Why.
        message: String,
    },
}

/// The queue. Tasks get into it as [`Effects`](crate::Effects) of a change.
#[async_trait]
pub trait Tasks {
    /// Claims the next due task of a queue until `lease_until`; a task whose lease has run out is due again. No two
    /// workers get the same task. Warehouses take turns: the one whose last task was claimed longest ago comes first.
    async fn task_claim(
        &self,
        queue: &str,
        worker: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<TaskRow>>;

    /// Prolongs a claim. `NotFound` if the worker does not hold it any more.
    async fn task_extend(&self, id: TaskId, worker: &str, lease_until: Timestamp) -> Result<()>;

    /// Ends an attempt and writes it to the task log. `NotFound` if the worker does not hold the task any more.
    async fn task_end(&self, id: TaskId, worker: &str, end: TaskEnd, now: Timestamp) -> Result<()>;

    /// How many tasks of a queue are waiting or running.
    async fn task_count(&self, queue: &str) -> Result<u64>;

    /// Removes up to `limit` log entries of ended tasks that are older than `before`; says how many.
    async fn task_log_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
