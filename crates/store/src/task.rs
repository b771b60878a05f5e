//! Tasks: durable work that outlives the process that queued it.

use async_trait::async_trait;
use model::{Page, PageRequest, ProjectId, TabularId, TabularKind, TaskId, Timestamp, WarehouseId};

use crate::{Effects, Result};

/// The queue that removes soft-deleted tables and views for good; one task each.
pub const SOFT_DELETION: &str = "soft_deletion";
/// The queue that deletes the files of dropped tables and views.
pub const TABULAR_PURGE: &str = "tabular_purge";
/// The queue that deletes metadata files that commits have made obsolete; one task for each table.
pub const METADATA_CLEANUP: &str = "metadata_cleanup";
/// The queue that removes old entries of the task log; one task for each project.
pub const TASK_LOG_CLEANUP: &str = "task_log_cleanup";

/// What a task belongs to. The scopes take turns in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskScope {
    /// A warehouse.
    Warehouse(WarehouseId),
    /// A project itself, without its warehouses.
    Project(ProjectId),
}

/// The table or view that a task is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskTabular {
    /// Its id.
    pub id: TabularId,
    /// What it is.
    pub kind: TabularKind,
    /// The levels of its namespace and its name, as they were when the task was created.
    pub path: Vec<String>,
}

/// A task to queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Its id.
    pub id: TaskId,
    /// The queue that it waits in.
    pub queue: &'static str,
    /// What it belongs to.
    pub scope: TaskScope,
    /// The task that created it, if any.
    pub parent: Option<TaskId>,
    /// The table or view that it is about, if any.
    pub tabular: Option<TaskTabular>,
    /// The normalised location that it will empty; an empty text if there is none. Until the task has ended,
    /// nothing new may be placed at, in or around this location, because the purge would delete it.
    pub subject: String,
    /// The input of its worker as JSON; opaque to the store.
    pub payload: String,
    /// When it is created.
    pub created_at: Timestamp,
    /// The earliest time to start it.
    pub not_before: Timestamp,
}

impl NewTask {
    /// A task of the scope that may start at once and is about no table, view or location.
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
    /// The table or view that it is about, if any.
    pub tabular: Option<TaskTabular>,
    /// The location that it will empty; an empty text if there is none.
    pub subject: String,
    /// The input of its worker as JSON.
    pub payload: String,
    /// How often it has been started, including this time.
    pub attempt: u32,
}

/// The time of a heartbeat, and when the claim ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The time of the heartbeat.
    pub now: Timestamp,
    /// From this time on, another worker may claim the task.
    pub until: Timestamp,
}

/// The progress of a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskReport {
    /// From 0 to 1.
    pub progress: f32,
    /// What the worker has done, as a JSON object.
    pub details: String,
}

/// The instruction to a worker that holds a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instruction {
    /// Continue.
    GoOn,
    /// End this attempt.
    Stop,
}

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    /// The task is done.
    Done {
        /// What was done.
        message: String,
    },
    /// All files noted for the task's table have been deleted. If more have been noted meanwhile, the task waits
    /// again as though it had never been started, and nothing is logged. Otherwise it is done, and its log entry
    /// replaces those of earlier successes for this table in this queue.
    Drained {
        /// What was done.
        message: String,
        /// The earliest time to start it again.
        again: Timestamp,
    },
    /// The worker shuts down before the task is done: the task waits again, the attempt does not count and is not
    /// logged.
    GivenBack {
        /// The earliest time to start it again.
        not_before: Timestamp,
    },
    /// The attempt has failed; the task is tried again.
    Retry {
        /// The earliest time to start it again.
        not_before: Timestamp,
        /// Why it failed.
        message: String,
    },
    /// The task has failed and is not tried again.
    Failed {
        /// Why it failed.
        message: String,
    },
}

/// The status of a task or an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    /// A worker is working on it.
    Running,
    /// It is waiting.
    Scheduled,
    /// A worker is working on it and has been asked to stop.
    Stopping,
    /// It was cancelled.
    Cancelled,
    /// It is done.
    Success,
    /// The attempt has failed; of a task: it is not tried again.
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

    /// Parses what [`TaskStatus::as_str`] returned.
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

/// A task as it is now, or as it was when it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskInfo {
    /// Its id.
    pub id: TaskId,
    /// Its queue.
    pub queue: String,
    /// The task that created it, if any.
    pub parent: Option<TaskId>,
    /// The project that its scope is or lies in.
    pub project: ProjectId,
    /// What it belongs to.
    pub scope: TaskScope,
    /// The table or view that it is about, if any.
    pub tabular: Option<TaskTabular>,
    /// Its status.
    pub status: TaskStatus,
    /// For when its latest start was scheduled.
    pub scheduled_for: Timestamp,
    /// When a worker last started it.
    pub picked_up_at: Option<Timestamp>,
    /// How often it has been started.
    pub attempt: u32,
    /// The last heartbeat of its worker.
    pub heartbeat_at: Option<Timestamp>,
    /// Its progress, from 0 to 1.
    pub progress: f32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, if it was.
    pub updated_at: Option<Timestamp>,
}

/// An attempt at a task that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskAttempt {
    /// Its number, counted from 1.
    pub attempt: u32,
    /// How it ended.
    pub status: TaskStatus,
    /// For when its start was scheduled.
    pub scheduled_for: Timestamp,
    /// When it was started; `None` if the task ended before that.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// When the task was created.
    pub created_at: Timestamp,
    /// What was done, or why it failed.
    pub message: String,
    /// Its progress, from 0 to 1.
    pub progress: f32,
    /// What the worker has reported, as a JSON object.
    pub details: Option<String>,
}

/// A task with all details.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskDetails {
    /// The task.
    pub info: TaskInfo,
    /// The input of its worker as JSON.
    pub payload: String,
    /// What the worker has reported, as a JSON object.
    pub details: Option<String>,
    /// What was done or why it failed, if the task has ended.
    pub message: Option<String>,
    /// The earlier attempts, the latest first.
    pub attempts: Vec<TaskAttempt>,
}

/// Which tasks are listed. An absent filter matches all.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Only tasks with one of these statuses.
    pub statuses: Option<Vec<TaskStatus>>,
    /// Only tasks in one of these queues.
    pub queues: Option<Vec<String>>,
    /// Only tasks about one of these subjects.
    pub subjects: Option<TaskSubjects>,
    /// Only tasks created at this time or later.
    pub created_after: Option<Timestamp>,
    /// Only tasks created at this time or earlier.
    pub created_before: Option<Timestamp>,
}

/// What tasks may be about: any of the tables and views, or none at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskSubjects {
    /// Tasks about one of these tables and views.
    pub tabulars: Vec<TabularId>,
    /// Whether tasks about no table or view are included.
    pub without_tabular: WithoutTabular,
}

/// Whether tasks about no table or view are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WithoutTabular {
    /// They are not.
    #[default]
    Excluded,
    /// They are.
    Included,
}

/// A request to control tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskControl {
    /// End the running attempt; the task is tried again later. A waiting task goes on waiting.
    Stop,
    /// End the task; it is not tried again.
    Cancel,
    /// Start the task at this time. A running task is left alone.
    RunAt(Timestamp),
}

/// How the tasks of one scope in one queue are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskConfig {
    /// A worker loses its task after this many seconds without a heartbeat.
    pub max_heartbeat_age: Option<u32>,
    /// Settings that only the queue's worker understands, as a JSON object.
    pub config: String,
}

/// The claim of a worker on a task.
#[derive(Debug, Clone, Copy)]
pub struct TaskClaim<'a> {
    /// The task.
    pub task: TaskId,
    /// The worker that claims to hold it.
    pub worker: &'a str,
}

impl<'a> TaskClaim<'a> {
    /// The claim of `worker` on `task`.
    pub const fn of(task: TaskId, worker: &'a str) -> Self {
        Self { task, worker }
    }
}

/// The task queues. Tasks are queued as [`Effects`] of a change.
#[async_trait]
pub trait Tasks {
    /// Claims the next due task of a queue. A task whose lease has run out is due again, and its lost attempt is
    /// logged. No two workers get the same task. Scopes take turns: the scope whose last claim is longest ago
    /// comes first.
    async fn task_claim(&self, queue: &str, worker: &str, lease: Lease) -> Result<Option<TaskRow>>;

    /// Extends a claim and stores the worker's report; returns whether the worker is to stop. `NotFound` if the
    /// worker does not hold the task any more.
    async fn task_extend(
        &self,
        claim: TaskClaim<'_>,
        lease: Lease,
        report: Option<TaskReport>,
    ) -> Result<Instruction>;

    /// Ends an attempt and, unless [`TaskEnd`] says otherwise, logs it with the last report. `NotFound` if the
    /// worker does not hold the task any more.
    async fn task_end(
        &self,
        claim: TaskClaim<'_>,
        end: TaskEnd,
        now: Timestamp,
        effects: Effects,
    ) -> Result<()>;

    /// How many tasks of a queue are waiting or running.
    async fn task_count(&self, queue: &str) -> Result<u64>;

    /// The tasks of the scope that match the filter, the latest first; ended tasks are included while their log is
    /// kept.
    async fn task_list(
        &self,
        scope: &TaskScope,
        filter: TaskFilter,
        page: PageRequest,
    ) -> Result<Page<TaskInfo>>;

    /// Those of `ids` that belong to the scope, in no order.
    async fn task_find(&self, scope: &TaskScope, ids: Vec<TaskId>) -> Result<Vec<TaskInfo>>;

    /// A task with all details and at most `attempts` earlier attempts. `None` if the scope has no such task.
    async fn task_details(
        &self,
        scope: &TaskScope,
        id: TaskId,
        attempts: u32,
    ) -> Result<Option<TaskDetails>>;

    /// Applies `control` to those of `ids` that belong to the scope and have not ended, all in one transaction.
    async fn task_control(
        &self,
        scope: &TaskScope,
        ids: Vec<TaskId>,
        control: (TaskControl, Timestamp),
        effects: Effects,
    ) -> Result<()>;

    /// The configuration of a queue for a scope, if there is one.
    async fn task_config_load(&self, scope: &TaskScope, queue: &str) -> Result<Option<TaskConfig>>;

    /// Sets the configuration of a queue for a scope. `NotFound` if the warehouse or project is gone.
    /// `AlreadyExists` if the queue is configured for a warehouse whose id equals this project's id, or the other
    /// way round: only one of the two can be stored.
    async fn task_config_set(
        &self,
        scope: &TaskScope,
        queue: &str,
        config: TaskConfig,
        effects: Effects,
    ) -> Result<()>;

    /// Up to `limit` projects without a waiting or running task in this queue, each with the end time of its last
    /// task there.
    async fn task_idle_projects(
        &self,
        queue: &str,
        limit: u32,
    ) -> Result<Vec<(ProjectId, Option<Timestamp>)>>;

    /// Queues tasks of projects without any other change. A project that has a task in the same queue gets none.
    async fn task_queue_for_projects(&self, tasks: Vec<NewTask>) -> Result<()>;

    /// Removes up to `limit` log entries of ended tasks that are older than `before`: of this project, or, with
    /// `None`, of projects that are gone. Returns how many it has removed.
    async fn task_log_trim(
        &self,
        project: Option<&ProjectId>,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64>;
}
