//! The loop of a worker.

use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use store::{Store, StoreError, TaskEnd, TaskRow};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Housekeeping, WorkError, Worker};

/// How long a claim lasts without being prolonged.
const LEASE: Duration = Duration::from_mins(1);
/// How often an empty queue is looked at.
const POLL: Duration = Duration::from_millis(500);
/// Attempts before a task is given up: about a day with the delays below.
const ATTEMPTS: u32 = 30;
const FIRST_DELAY: Duration = Duration::from_secs(2);
const LONGEST_DELAY: Duration = Duration::from_hours(1);

/// Runs one worker's queue.
#[derive(Debug, Clone)]
pub struct Runner {
    /// Where the tasks are.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What does them.
    pub worker: Arc<dyn Worker>,
}

/// Running workers.
#[derive(Debug)]
pub struct Runners {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Runners {
    /// Starts `count` loops of each runner.
    pub fn start(runners: &[Runner], count: usize) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for runner in runners {
            for _ in 0..count {
                tasks.spawn(runner.clone().run(stop.clone()));
            }
        }
        Self { stop, tasks }
    }

    /// Starts the housekeeping beside the workers.
    pub fn add_housekeeping(&mut self, housekeeping: Housekeeping) {
        self.tasks.spawn(housekeeping.run(self.stop.clone()));
    }

    /// Stops all; what is running is left to be taken over by another process.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Runner {
    async fn run(self, stop: CancellationToken) {
        let name = uuid::Uuid::new_v4().to_string();
        while !stop.is_cancelled() {
            let now = self.clock.now();
            let queue = self.worker.queue();
            match self
                .store
                .task_claim(queue, &name, now, now.plus(LEASE))
                .await
            {
                Ok(Some(task)) => {
                    tokio::select! {
                        () = self.attempt(&name, &task) => {}
                        () = stop.cancelled() => return,
                    }
                }
                Ok(None) => idle(&stop, POLL).await,
                Err(error) => {
                    tracing::warn!(%error, queue, "tasks cannot be claimed");
                    idle(&stop, POLL * 10).await;
                }
            }
        }
    }

    async fn attempt(&self, name: &str, task: &TaskRow) {
        let end = tokio::select! {
            done = self.worker.work(task) => self.end_of(task, done),
            () = self.keep_claim(name, task) => return,
        };
        match self
            .store
            .task_end(task.id, name, end, self.clock.now())
            .await
        {
            Ok(()) | Err(StoreError::NotFound(_)) => {}
            // The lease will run out, and the task will be run again.
            Err(error) => {
                tracing::warn!(%error, task.id = %task.id, "the end of a task cannot be written");
            }
        }
    }

    /// Prolongs the claim; returns when it is lost.
    async fn keep_claim(&self, name: &str, task: &TaskRow) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            let until = self.clock.now().plus(LEASE);
            match self.store.task_extend(task.id, name, until).await {
                Ok(()) => {}
                Err(StoreError::NotFound(_)) => {
                    tracing::warn!(task.id = %task.id, "the claim on a task was lost");
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, task.id = %task.id, "the claim on a task cannot be prolonged");
                }
            }
        }
    }

    fn end_of(&self, task: &TaskRow, done: Result<String, WorkError>) -> TaskEnd {
        match done {
            Ok(message) => TaskEnd::Done { message },
            Err(WorkError::Hopeless(message)) => self.failed(task, message),
            Err(WorkError::Retry(message)) if task.attempt >= ATTEMPTS => {
                self.failed(task, message)
            }
            Err(WorkError::Retry(message)) => {
                let delay = FIRST_DELAY
                    .saturating_mul(1 << task.attempt.min(20))
                    .min(LONGEST_DELAY);
                let delay = delay.mul_f64(rand::random_range(0.5..1.0));
                tracing::info!(task.id = %task.id, attempt = task.attempt, %message, "a task will be tried again");
                TaskEnd::Retry {
                    not_before: self.clock.now().plus(delay),
                    message,
                }
            }
        }
    }

    fn failed(&self, task: &TaskRow, message: String) -> TaskEnd {
        let queue = self.worker.queue();
        tracing::error!(task.id = %task.id, queue, subject = %task.subject, %message, "a task has failed for good");
        TaskEnd::Failed { message }
    }
}

/// Waits for about the given time, or for the stop.
pub(crate) async fn idle(stop: &CancellationToken, time: Duration) {
    let time = time.mul_f64(rand::random_range(0.75..1.25));
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}
