//! The loop of a worker.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use model::Clock;
use store::{Store, StoreError, TaskEnd, TaskRow};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::{Housekeeping, WorkError, Worker};

/// How long a claim lasts without being prolonged.
const LEASE: Duration = Duration::from_mins(1);
/// How long after the last prolongation a worker goes on: what it has sent before is done when the claim ends.
const TRUSTED: Duration = Duration::from_secs(50);
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
            let (now, claimed) = (self.clock.now(), Instant::now());
            let queue = self.worker.queue();
            match self
                .store
                .task_claim(queue, &name, now, now.plus(LEASE))
                .await
            {
                Ok(Some(task)) => {
                    tokio::select! {
                        () = self.attempt((&name, claimed), &task) => {}
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

    async fn attempt(&self, (name, claimed): (&str, Instant), task: &TaskRow) {
        let prolong = || {
            let until = self.clock.now().plus(LEASE);
            self.store.task_extend(task.id, name, until)
        };
        // A panic is this task's failure, not the end of the loop.
        let work = AssertUnwindSafe(self.worker.work(task)).catch_unwind();
        let end = tokio::select! {
            done = work => self.end_of(task, done.unwrap_or_else(|_| Err(WorkError::Retry("the worker panicked".to_owned())))),
            why = keep_claim(claimed, prolong) => {
                tracing::warn!(task.id = %task.id, %why, "the claim on a task is lost; another worker will take it over");
                return;
            }
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

/// Prolongs a claim; returns when it is lost or may be about to end, and says why. Beyond its end another worker may do and
/// end the task, and what was to be purged may be in use again: whoever goes on then deletes what is not theirs.
async fn keep_claim<F>(claimed: Instant, mut prolong: impl FnMut() -> F) -> String
where
    F: Future<Output = store::Result<()>>,
{
    let (mut since, mut why) = (claimed, "no answer from the database".to_owned());
    loop {
        let begun = Instant::now();
        let end = since + TRUSTED;
        sleep_until((begun + LEASE / 3).min(end)).await;
        let begun = Instant::now();
        match timeout_at(end, prolong()).await {
            Ok(Ok(())) => since = begun,
            Ok(Err(lost @ StoreError::NotFound(_))) => return lost.to_string(),
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => return why,
        }
        if Instant::now() >= end.max(since + TRUSTED) {
            return why;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: fn() -> store::Result<()> = || Err(StoreError::Unavailable("down".into()));

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_cannot_be_prolonged_is_given_up_before_it_ends() {
        let start = Instant::now();
        let why = keep_claim(start, || async { DOWN() }).await;
        assert!(start.elapsed() < LEASE, "{:?}", start.elapsed());
        assert!(why.contains("down"), "{why}");
        let start = Instant::now();
        keep_claim(start, std::future::pending).await;
        assert!(start.elapsed() < LEASE, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_is_kept_as_long_as_it_is_prolonged_in_time() {
        let start = Instant::now();
        let mut asked = 0;
        keep_claim(start, || {
            asked += 1;
            let answer = match asked {
                1..10 if asked % 2 == 0 => DOWN(),
                1..10 => Ok(()),
                _ => DOWN(),
            };
            async { answer }
        })
        .await;
        assert!(start.elapsed() > LEASE * 3, "{:?}", start.elapsed());
        assert!(start.elapsed() < LEASE * 4, "{:?}", start.elapsed());
    }
}
