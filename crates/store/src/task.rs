//! Durable work: tasks outlive the process that started them.

use async_trait::async_trait;
use model::{Page, PageRequest, ProjectId, TabularId, TabularKind, TaskId, Timestamp, WarehouseId};

use crate::{Effects, Result};

/// The queue of hard deletions of what has been soft-deleted, one task for each table or view.
pub const SOFT_DELETION: &str = "soft_deletion";
/// The queue of deletions of files.
pub const TABULAR_PURGE: &str = "tabular_purge";
/// The queue of deletions of metadata files that commits have made obsolete, one task for each table.
pub const METADATA_CLEANUP: &str = "metadata_cleanup";
/// The queue of removals of old log entries, one task for each project.
pub const TASK_LOG_CLEANUP: &str = "task_log_cleanup";

/// What a task belongs to, and whose turn it counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskScope {
    /// A warehouse.
    Warehouse(WarehouseId),
    /// A project as a whole, but not its warehouses.
    Project(ProjectId),
}

/// The table or view that a task is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskTabular {
    /// Its id.
    pub id: TabularId,
    /// What it is.
    pub kind: TabularKind,
    /// Levels of its namespace and its name, as they were when the task was made.
    pub path: Vec<String>,
}

/// Work to be done later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Its id.
    pub id: TaskId,
    /// The queue that it waits in.
    pub queue: &'static str,
    /// What it belongs to.
    pub scope: TaskScope,
    /// The task that has made it, if one has.
    pub parent: Option<TaskId>,
    /// The table or view that it is about, if it is about one.
    pub tabular: Option<TaskTabular>,
    /// The location that it will empty, normalised; empty if it empties none. Until it has ended, nothing new may be put at, in
    /// or around it: the purge would delete it.
    pub subject: String,
    /// What its worker must know, as JSON; opaque to the store.
    pub payload: String,
    /// When it is made.
    pub created_at: Timestamp,
    /// Not to be started before.
    pub not_before: Timestamp,
}

impl NewTask {
    /// One of the scope that may start when it is made, about nothing in particular.
    pub fn new(queue: &'static str, scope: TaskScope, created_at: Timestamp) -> Self {
        Self {
            id: TaskId::generate(),
            queue,
            scope,
            parent: None,
            tabular: None,
            subject: String::new(),
            payload: "{}".to_owned(),
            created_at,
            not_before: created_at,
        }
    }
}

/// A task that a worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// What it belongs to.
    pub scope: TaskScope,
    /// The table or view that it is about, if it is about one.
    pub tabular: Option<TaskTabular>,
    /// The location that it will empty, if it empties one.
    pub subject: String,
    /// What its worker must know, as JSON.
    pub payload: String,
    /// How often it has been started, this time included.
    pub attempt: u32,
}

/// When a worker was heard of, and until when its claim lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Now.
    pub now: Timestamp,
    /// From here on the task is anybody's.
    pub until: Timestamp,
}

/// How far a worker has come.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskReport {
    /// From 0 to 1.
    pub progress: f32,
    /// What it has done, as a JSON object.
    pub details: String,
}

/// What is wanted of a worker that holds a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// That it goes on.
    GoOn,
    /// That it ends this attempt.
    Stop,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    /// It is done.
    Done {
        /// What was done.
        message: String,
    },
    /// What was noted for the task's table has been deleted. If more has been noted meanwhile, it goes on waiting, as though it had never been
    /// started; nothing is logged. Else it is done, and the log keeps no former success of this table and queue.
    Drained {
        /// What was done.
        message: String,
        /// Not before.
        again: Timestamp,
    },
    /// Its worker stops in good order before it is done: the task waits again, and this attempt does not count; nothing is logged.
    GivenBack {
        /// Not before.
        not_before: Timestamp,
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

/// Where a task or an attempt is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    /// A worker works on it.
    Running,
    /// It waits.
    Scheduled,
    /// A worker works on it, and has been asked to stop.
    Stopping,
    /// Somebody has called it off.
    Cancelled,
    /// It is done.
    Success,
    /// It is given up; an attempt of it has failed.
    Failed,
}

impl TaskStatus {
    /// As stored and as the management API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Stopping => "STOPPING",
            Self::Cancelled => "CANCELLED",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
        }
    }

    /// From what [`TaskStatus::as_str`] printed.
    pub fn from_stored(text: &str) -> Option<Self> {
        let all = [
            Self::Running,
            Self::Scheduled,
            Self::Stopping,
            Self::Cancelled,
            Self::Success,
            Self::Failed,
        ];
        all.into_iter().find(|status| status.as_str() == text)
    }
}

/// A task as it is, or as it was when it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskInfo {
    /// Its id.
    pub id: TaskId,
    /// Its queue.
    pub queue: String,
    /// The task that has made it, if one has.
    pub parent: Option<TaskId>,
    /// The project of what it belongs to.
    pub project: ProjectId,
    /// What it belongs to.
    pub scope: TaskScope,
    /// The table or view that it is about, if it is about one.
    pub tabular: Option<TaskTabular>,
    /// Where it is in its life.
    pub status: TaskStatus,
    /// When it was to be started, the last time.
    pub scheduled_for: Timestamp,
    /// When a worker started it, the last time.
    pub picked_up_at: Option<Timestamp>,
    /// How often it has been started.
    pub attempt: u32,
    /// When its worker was heard of last.
    pub heartbeat_at: Option<Timestamp>,
    /// From 0 to 1.
    pub progress: f32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last, if it did.
    pub updated_at: Option<Timestamp>,
}

/// One attempt at a task that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskAttempt {
    /// Counted from 1.
    pub attempt: u32,
    /// How it ended.
    pub status: TaskStatus,
    /// When it was to be started.
    pub scheduled_for: Timestamp,
    /// When it was; not if it never was.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// When the task was made.
    pub created_at: Timestamp,
    /// What was done, or why it was not.
    pub message: String,
    /// From 0 to 1.
    pub progress: f32,
    /// What the worker has reported, as a JSON object.
    pub details: Option<String>,
}

/// All about a task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskDetails {
    /// The task.
    pub info: TaskInfo,
    /// What its worker must know, as JSON.
    pub payload: String,
    /// What the worker has reported, as a JSON object.
    pub details: Option<String>,
    /// What was done, or why it was not, if the task has ended.
    pub message: Option<String>,
    /// The attempts before, the latest first.
    pub attempts: Vec<TaskAttempt>,
}

/// Which tasks are wanted. What is absent excludes nothing.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Only those that are in one of these states.
    pub statuses: Option<Vec<TaskStatus>>,
    /// Only those of one of these queues.
    pub queues: Option<Vec<String>>,
    /// Only those about one of these.
    pub subjects: Option<TaskSubjects>,
    /// Only those made at this time or later.
    pub created_after: Option<Timestamp>,
    /// Only those made at this time or earlier.
    pub created_before: Option<Timestamp>,
}

/// What a task may be about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskSubjects {
    /// These tables and views …
    pub tabulars: Vec<TabularId>,
    /// … and no table or view at all.
    pub whole: WholeScope,
}

/// Whether tasks about no table or view are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WholeScope {
    /// They are not.
    #[default]
    Excluded,
    /// They are.
    Included,
}

/// What somebody wants of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskControl {
    /// That a running attempt ends; the task is tried again later. A task that waits goes on waiting.
    Stop,
    /// That it ends and is not tried again.
    Cancel,
    /// That it is started at this time. A task that runs is left alone.
    RunAt(Timestamp),
}

/// How the tasks of one scope in one queue are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskConfig {
    /// A worker that has not been heard of for so long has lost its task. Seconds.
    pub max_heartbeat_age: Option<u32>,
    /// What only the queue's worker knows, as a JSON object.
    pub config: String,
}

/// A task that a worker takes for its own.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// Which.
    pub task: TaskId,
    /// The worker that has claimed it.
    pub worker: &'a str,
}

impl<'a> Held<'a> {
    /// This task by this worker.
    pub const fn of(task: TaskId, worker: &'a str) -> Self {
        Self { task, worker }
    }
}

/// The queue. Tasks get into it as [`Effects`] of a change.
#[async_trait]
pub trait Tasks {
    /// Claims the next due task of a queue; a task whose lease has run out is due again, and its lost attempt is logged. No two
    /// workers get the same task. Scopes take turns: the one whose last task was claimed longest ago comes first.
    async fn task_claim(&self, queue: &str, worker: &str, lease: Lease) -> Result<Option<TaskRow>>;

    /// Prolongs a claim, and keeps what the worker reports; says whether it is to stop. `NotFound` if the worker does not hold
    /// it any more.
    async fn task_extend(
        &self,
        held: Held<'_>,
        lease: Lease,
        report: Option<TaskReport>,
    ) -> Result<Hold>;

    /// Ends an attempt and, unless [`TaskEnd`] says otherwise, writes it to the task log, with the last report. `NotFound` if the worker does not hold the task any
    /// more.
    async fn task_end(
        &self,
        held: Held<'_>,
        end: TaskEnd,
        now: Timestamp,
        effects: Effects,
    ) -> Result<()>;

    /// How many tasks of a queue are waiting or running.
    async fn task_count(&self, queue: &str) -> Result<u64>;

    /// The tasks of the scope that fit, those that have ended included as long as their log is kept; the latest first.
    async fn task_list(
        &self,
        scope: &TaskScope,
        filter: TaskFilter,
        page: PageRequest,
    ) -> Result<Page<TaskInfo>>;

    /// Those of the tasks that are of the scope, in no order.
    async fn task_find(&self, scope: &TaskScope, ids: Vec<TaskId>) -> Result<Vec<TaskInfo>>;

    /// All about a task, with so many attempts. None if the scope has no such task.
    async fn task_details(
        &self,
        scope: &TaskScope,
        id: TaskId,
        attempts: u32,
    ) -> Result<Option<TaskDetails>>;

    /// Does this to those of the scope's tasks that have not ended, all at once.
    async fn task_control(
        &self,
        scope: &TaskScope,
        ids: Vec<TaskId>,
        control: (TaskControl, Timestamp),
        effects: Effects,
    ) -> Result<()>;

    /// How tasks of a scope are done in a queue, if somebody has said.
    async fn task_config_load(&self, scope: &TaskScope, queue: &str) -> Result<Option<TaskConfig>>;

    /// Says how tasks of a scope are done in a queue. `NotFound` if the warehouse or project is gone; `AlreadyExists` if the queue is
    /// one that a warehouse has configured whose id is this project's, or the other way round, and there is room for one of them only.
    async fn task_config_set(
        &self,
        scope: &TaskScope,
        queue: &str,
        config: TaskConfig,
        effects: Effects,
    ) -> Result<()>;

    /// Up to `limit` projects that have no waiting or running task in this queue, with the end of their last one.
    async fn task_idle_projects(
        &self,
        queue: &str,
        limit: u32,
    ) -> Result<Vec<(ProjectId, Option<Timestamp>)>>;

    /// Queues tasks of projects that nothing accompanies; of a project that has one in that queue, none.
    async fn task_queue_for_projects(&self, tasks: Vec<NewTask>) -> Result<()>;

    /// Removes up to `limit` log entries of ended tasks that are older than `before`, of this project; without one, of projects
    /// that are gone. Says how many.
    async fn task_log_trim(
        &self,
        project: Option<&ProjectId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64>;
}
