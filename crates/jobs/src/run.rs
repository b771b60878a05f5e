//! The loops that run workers and other background work.

use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use store::{Lease, Store, StoreError, TaskEnd, TaskRow};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::claim::LEASE;
use crate::{Claim, ClaimEnd, Flush, WorkError, Worker, caught, end_event};

/// Pause after the database has failed or work has panicked.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Attempts before a task fails for good: about a day, with the delays below.
const ATTEMPTS: u32 = 30;
const FIRST_DELAY: Duration = Duration::from_secs(2);
const LONGEST_DELAY: Duration = Duration::from_hours(1);
/// How long a stopped task is left alone: until then, a storage may still do what its worker has asked for. Longer
/// than the 30 seconds that such a call may take.
const SETTLING: Duration = Duration::from_mins(1);
/// How long writing the end of an attempt may take when the process stops.
const GRACE: Duration = Duration::from_secs(2);

/// Runs one worker's queue.
#[derive(Debug, Clone)]
pub struct Runner {
    /// The store with the tasks.
    pub store: Arc<dyn Store>,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// Executes the tasks.
    pub worker: Arc<dyn Worker>,
    /// How often an empty queue is polled.
    pub poll_interval: Duration,
}

/// Running workers and other background work.
#[derive(Debug)]
pub struct Runners {
    /// Tells workers and other work to end.
    stop: CancellationToken,
    /// Tells the [`Flush`]es to write for the last time.
    end: CancellationToken,
    tasks: JoinSet<()>,
}

impl Runners {
    /// Starts the given number of loops of each runner.
    pub fn start(runners: &[(Runner, usize)]) -> Self {
        let mut running = Self {
            stop: CancellationToken::new(),
            end: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        for (runner, count) in runners {
            for _ in 0..*count {
                let runner = runner.clone();
                running.add(runner.worker.queue(), move |stop| runner.clone().run(stop));
            }
        }
        running
    }

    /// Starts other work, which must end when its token is cancelled. If it panics, it is started again.
    pub fn add<F>(
        &mut self,
        what: &'static str,
        work: impl Fn(CancellationToken) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            while caught(what, work(stop.clone())).await.is_none() && !stop.is_cancelled() {
                idle(&stop, AFTER_FAILURE).await;
            }
        });
    }

    /// Calls [`Flush::flush`] from time to time, and for the last time in [`Self::stop`].
    pub fn add_flush(&mut self, what: Arc<dyn Flush>, every: Duration) {
        let end = self.end.clone();
        self.tasks.spawn(async move {
            while !end.is_cancelled() {
                idle(&end, every).await;
                caught("writing what is kept in memory", what.flush()).await;
            }
        });
    }

    /// Tells the work to end, without waiting: running tasks are given back, so that another process can go on with
    /// them. Done early in a shutdown, because the process may be killed before its last request has been answered.
    pub fn give_back(&self) {
        self.stop.cancel();
    }

    /// Stops everything: gives tasks back as [`Self::give_back`] does, and flushes for the last time, so nothing more
    /// may be collected in memory. Work that has not ended by the deadline, or within a few seconds if that is later,
    /// is cut off: a task that is not given back is free when its lease ends.
    pub async fn stop(mut self, deadline: Instant) {
        self.give_back();
        self.end.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let latest = deadline.max(Instant::now() + GRACE + GRACE);
        if timeout_at(latest, ended).await.is_err() {
            tracing::warn!("background work was cut off: it took too long to stop");
        }
    }
}

impl Runner {
    async fn run(self, stop: CancellationToken) {
        let name = worker_name();
        while !stop.is_cancelled() {
            match self.next(&name, &stop).await {
                Ok(true) => {}
                Ok(false) => idle(&stop, self.poll_interval).await,
                Err(error) => {
                    tracing::warn!(%error, queue = self.worker.queue(), "tasks cannot be claimed");
                    idle(&stop, AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Executes due tasks one after the other until none is due; returns the number of attempts.
    ///
    /// # Errors Errors of the database when a task is claimed. An attempt that fails is no error: it is recorded, and
    /// the next attempt is due later.
    pub async fn run_due(&self) -> Result<usize, StoreError> {
        let (name, stop) = (worker_name(), CancellationToken::new());
        let mut attempts = 0;
        while self.next(&name, &stop).await? {
            attempts += 1;
        }
        Ok(attempts)
    }

    /// Makes an attempt at one due task; `false` if none is due.
    async fn next(&self, name: &str, stop: &CancellationToken) -> Result<bool, StoreError> {
        let (now, claimed) = (self.clock.now(), Instant::now());
        let until = now.plus(LEASE);
        let queue = self.worker.queue();
        let task = self.store.task_claim(queue, name, Lease { now, until });
        let Some(task) = task.await? else {
            return Ok(false);
        };
        in_grace(stop, self.attempt(name, claimed, &task, stop)).await;
        Ok(true)
    }

    async fn attempt(
        &self,
        name: &str,
        claimed: Instant,
        task: &TaskRow,
        stop: &CancellationToken,
    ) {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let lasts = self.lease(task).await;
        let claim = Claim::new(store, clock, task.id, name).lasting(lasts);
        let ended = match self.outcome(task, &claim, claimed, stop).await {
            Ok(end) => {
                let now = self.clock.now();
                let mut effects = end_event::ended(task, self.worker.queue(), &end, now);
                if matches!(end, TaskEnd::Failed { .. }) {
                    effects.tasks.extend(self.worker.successor(task, now));
                }
                claim.end(end, effects).await
            }
            Err(why) => {
                tracing::warn!(task.id = %task.id, %why, "the claim on a task is lost; another worker will take it over");
                return;
            }
        };
        match ended {
            Ok(()) | Err(StoreError::NotFound(_)) => {}
            // The lease will run out, and the task will be run again.
            Err(error) => {
                tracing::warn!(%error, task.id = %task.id, "the end of a task cannot be written");
            }
        }
    }

    /// Executes the task; returns what to write about the attempt, or why nothing is to be written.
    async fn outcome(
        &self,
        task: &TaskRow,
        claim: &Claim,
        claimed: Instant,
        stop: &CancellationToken,
    ) -> Result<TaskEnd, String> {
        // Prolongs the claim from the default lease to the configured one.
        if let Err(why) = claim.confirm().await {
            return self.end_of(task, Err(why));
        }
        // If the last attempt had returned an error, the task would have ended then. It was lost with its process,
        // and may be the cause.
        if task.attempt > ATTEMPTS {
            let message = format!(
                "given up after {ATTEMPTS} attempts: the worker of the last one was not heard of any more"
            );
            return Ok(self.failed(task, message));
        }
        // A panic fails the attempt, but does not end the loop.
        let work = caught(self.worker.queue(), self.worker.work(task, claim));
        let done = tokio::select! {
            biased;
            () = stop.cancelled() => {
                let not_before = self.clock.now().plus(SETTLING);
                return Ok(TaskEnd::GivenBack { not_before });
            }
            done = work => done.unwrap_or_else(|| Err(WorkError::Retry("the worker panicked".to_owned()))),
            end = claim.keep(claimed) => Err(end.into()),
        };
        self.end_of(task, done)
    }

    /// How long a claim on the task lasts without being prolonged.
    async fn lease(&self, task: &TaskRow) -> Duration {
        let queue = self.worker.queue();
        let configured = match self.store.task_config_load(&task.scope, queue).await {
            Ok(config) => config.and_then(|config| config.max_heartbeat_age),
            Err(error) => {
                tracing::warn!(%error, queue, "the configuration of a queue cannot be read");
                None
            }
        };
        configured.map_or(LEASE, |seconds| Duration::from_secs(seconds.into()))
    }

    /// What to write about an attempt; an error says why nothing is to be written: the task is no longer this
    /// worker's.
    fn end_of(&self, task: &TaskRow, done: Result<String, WorkError>) -> Result<TaskEnd, String> {
        Ok(match done {
            Ok(message) => self.worker.end(message, self.clock.now()),
            Err(WorkError::Claim(ClaimEnd::Lost(why))) => return Err(why),
            Err(WorkError::Hopeless(message)) => self.failed(task, message),
            Err(WorkError::Claim(stopped @ ClaimEnd::Stopped)) => TaskEnd::Retry {
                not_before: self.clock.now().plus(SETTLING),
                message: stopped.to_string(),
            },
            Err(WorkError::Retry(message)) if task.attempt >= ATTEMPTS => {
                self.failed(task, message)
            }
            Err(WorkError::Retry(message)) => {
                let delay = FIRST_DELAY
                    .saturating_mul(1 << task.attempt.min(20))
                    .min(LONGEST_DELAY);
                let delay = delay.mul_f64(rand::random_range(0.5..1.0));
                tracing::info!(task.id = %task.id, attempt = task.attempt, error = %message, "a task will be tried again");
                TaskEnd::Retry {
                    not_before: self.clock.now().plus(delay),
                    message,
                }
            }
        })
    }

    fn failed(&self, task: &TaskRow, message: String) -> TaskEnd {
        let queue = self.worker.queue();
        tracing::error!(task.id = %task.id, queue, subject = %task.subject, error = %message, "a task has failed for good");
        TaskEnd::Failed { message }
    }
}

fn worker_name() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Runs `work` to its end, but no longer than [`GRACE`] after the stop.
async fn in_grace(stop: &CancellationToken, work: impl Future<Output = ()>) {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = work => {}
        () = late => tracing::warn!(
            "a task could not be given back within {} s; another process takes it over when its lease has run out",
            GRACE.as_secs()
        ),
    }
}

/// Waits for `time`, varied by up to a quarter, or for the stop.
pub async fn idle(stop: &CancellationToken, time: Duration) {
    let time = time.mul_f64(rand::random_range(0.75..1.25));
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;

    /// Counts its flushes; panics in the first one if `panics`.
    #[derive(Debug, Default)]
    struct Flushed {
        times: AtomicUsize,
        panics: bool,
    }

    #[async_trait]
    impl Flush for Flushed {
        async fn flush(&self) {
            let before = self.times.fetch_add(1, Ordering::SeqCst);
            assert!(before > 0 || !self.panics, "as it was told");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_in_memory_is_written_once_more_at_the_end() {
        let flushed = Arc::new(Flushed::default());
        let mut runners = Runners::start(&[]);
        let every = Duration::from_secs(30);
        runners.add_flush(Arc::clone(&flushed) as Arc<dyn Flush>, every);
        // Exactly one flush, whatever the jitter.
        tokio::time::sleep(every * 14 / 10).await;
        assert_eq!(flushed.times.load(Ordering::SeqCst), 1);
        runners.stop(Instant::now()).await;
        assert_eq!(flushed.times.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn work_ends_before_what_is_kept_in_memory_is_written_for_the_last_time() {
        let (flushed, ended) = (Arc::new(Flushed::default()), CancellationToken::new());
        let mut runners = Runners::start(&[]);
        let hour = Duration::from_hours(1);
        runners.add_flush(Arc::clone(&flushed) as Arc<dyn Flush>, hour);
        let told = ended.clone();
        runners.add("a loop", move |stop| {
            let told = told.clone();
            async move {
                stop.cancelled().await;
                told.cancel();
            }
        });
        runners.give_back();
        ended.cancelled().await;
        assert_eq!(flushed.times.load(Ordering::SeqCst), 0);
        runners.stop(Instant::now()).await;
        assert_eq!(flushed.times.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_panics_is_started_again_and_still_hears_the_stop() {
        let flushed = Arc::new(Flushed {
            panics: true,
            ..Flushed::default()
        });
        let starts = Arc::new(AtomicUsize::new(0));
        let mut runners = Runners::start(&[]);
        runners.add_flush(Arc::clone(&flushed) as Arc<dyn Flush>, AFTER_FAILURE);
        let counted = Arc::clone(&starts);
        runners.add("a loop", move |stop| {
            let before = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(before > 1, "as it was told");
                stop.cancelled().await;
            }
        });
        tokio::time::sleep(AFTER_FAILURE * 4).await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
        assert!(flushed.times.load(Ordering::SeqCst) > 1);
        runners.stop(Instant::now()).await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_a_database_that_does_not_answer_for_a_moment_only() {
        let (stop, start) = (CancellationToken::new(), Instant::now());
        let running = in_grace(&stop, std::future::pending());
        let later = Duration::from_hours(1);
        assert!(tokio::time::timeout(later, running).await.is_err());
        stop.cancel();
        in_grace(&stop, std::future::pending()).await;
        assert_eq!(start.elapsed(), later + GRACE);
    }
}
