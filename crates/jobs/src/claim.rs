//! A worker's claim on a task, and how it is kept.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Clock, TaskId};
use store::{Effects, Instruction, Lease, Store, StoreError, TaskClaim, TaskEnd, TaskReport};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{ClaimEnd, WorkError};

/// How long a claim lasts without being prolonged, unless the queue's configuration says otherwise.
pub(crate) const LEASE: Duration = Duration::from_mins(1);
/// How often a claim is prolonged; within this time a worker also learns that it is to stop.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// A worker's claim on a task. The runner prolongs it while the worker works.
#[derive(Debug)]
pub struct Claim {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    task: TaskId,
    worker: String,
    lasts: Duration,
    report: Mutex<Option<TaskReport>>,
}

impl Claim {
    /// The claim of the worker that has claimed the task under the name `worker`.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, task: TaskId, worker: &str) -> Self {
        Self {
            store,
            clock,
            task,
            worker: worker.to_owned(),
            lasts: LEASE,
            report: Mutex::new(None),
        }
    }

    /// Sets for how long the claim lasts without being prolonged.
    #[must_use]
    pub(crate) fn lasting(self, lasts: Duration) -> Self {
        Self { lasts, ..self }
    }

    /// Sets the progress that is shown for the task. It is written with the next confirmation.
    pub fn report(&self, report: TaskReport) {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    }

    /// Asks the database whether the task is still this worker's, and prolongs the claim.
    ///
    /// The runner stops a worker whose claim is about to end. But if the whole process is suspended, by a signal or
    /// with its machine, another worker may have taken over and ended the task before this one continues. What a
    /// worker has read before a successful confirmation, it has read while the task was its own.
    ///
    /// Errors: `Claim` if the claim has ended; `Retry` if the database does not answer.
    pub async fn confirm(&self) -> Result<(), WorkError> {
        match self.prolong().await {
            Ok(Instruction::GoOn) => Ok(()),
            Ok(Instruction::Stop) => Err(ClaimEnd::Stopped.into()),
            Err(lost @ StoreError::NotFound(_)) => Err(ClaimEnd::Lost(lost.to_string()).into()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn prolong(&self) -> store::Result<Instruction> {
        let now = self.clock.now();
        let until = now.plus(self.lasts);
        let report = self.reported();
        let claim = TaskClaim::of(self.task, self.worker.as_str());
        self.store
            .task_extend(claim, Lease { now, until }, report)
            .await
    }

    fn reported(&self) -> Option<TaskReport> {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.clone()
    }

    /// Prolongs the claim until the work must end, and returns why.
    pub(crate) async fn keep(&self, claimed: Instant) -> ClaimEnd {
        keep_claim(claimed, self.lasts, || self.prolong()).await
    }

    /// Ends the attempt, after writing the last report, and applies `effects` in the same transaction.
    pub(crate) async fn end(&self, end: TaskEnd, effects: Effects) -> store::Result<()> {
        // A claim that cannot be prolonged cannot be ended either.
        self.prolong().await?;
        let claim = TaskClaim::of(self.task, self.worker.as_str());
        let now = self.clock.now();
        self.store.task_end(claim, end, now, effects).await
    }
}

/// Prolongs a claim; returns when it is lost, when it may be about to end, or when the worker is to stop. After the
/// end of a claim another worker may do and end the task, and a purged location may be in use again: a worker that
/// went on would delete files of another table.
pub async fn keep_claim<F>(
    claimed: Instant,
    lasts: Duration,
    mut prolong: impl FnMut() -> F,
) -> ClaimEnd
where
    F: Future<Output = store::Result<Instruction>>,
{
    // The rest is a reserve, in which requests to a storage that the worker has sent before are done.
    let trusted = lasts * 5 / 6;
    let (mut since, mut why) = (claimed, "no answer from the database".to_owned());
    loop {
        let begun = Instant::now();
        let end = since + trusted;
        sleep_until((begun + HEARTBEAT.min(lasts / 3)).min(end)).await;
        let begun = Instant::now();
        match timeout_at(end, prolong()).await {
            Ok(Ok(Instruction::GoOn)) => since = begun,
            Ok(Ok(Instruction::Stop)) => return ClaimEnd::Stopped,
            Ok(Err(lost @ StoreError::NotFound(_))) => {
                return ClaimEnd::Lost(lost.to_string());
            }
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => return ClaimEnd::Lost(why),
        }
        if Instant::now() >= end.max(since + trusted) {
            return ClaimEnd::Lost(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: fn() -> store::Result<Instruction> = || Err(StoreError::Unavailable("down".into()));

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_cannot_be_prolonged_is_given_up_before_it_ends() {
        let start = Instant::now();
        let why = keep_claim(start, LEASE, || async { DOWN() }).await;
        assert!(start.elapsed() < LEASE, "{:?}", start.elapsed());
        assert!(matches!(&why, ClaimEnd::Lost(why) if why.contains("down")));
        let start = Instant::now();
        keep_claim(start, LEASE, std::future::pending).await;
        assert!(start.elapsed() < LEASE, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_is_kept_as_long_as_it_is_prolonged_in_time() {
        for lasts in [LEASE, Duration::from_secs(30), Duration::from_hours(1)] {
            let start = Instant::now();
            keep_claim(start, lasts, || async {
                let is_up = start.elapsed() < lasts * 3 && start.elapsed().as_secs() % 2 == 1;
                if is_up { Ok(Instruction::GoOn) } else { DOWN() }
            })
            .await;
            assert!(start.elapsed() > lasts * 3, "{:?}", start.elapsed());
            assert!(start.elapsed() < lasts * 4, "{:?}", start.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_hears_soon_that_it_is_to_stop() {
        let start = Instant::now();
        let why = keep_claim(start, Duration::from_hours(1), || async {
            Ok(Instruction::Stop)
        })
        .await;
        assert_eq!(why, ClaimEnd::Stopped);
        assert!(start.elapsed() <= HEARTBEAT, "{:?}", start.elapsed());
    }
}
