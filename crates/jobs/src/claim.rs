//! A worker's hold on a task, and how it is kept.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, TaskId};
use store::{Store, StoreError, TaskEnd};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::WorkError;

/// How long a claim lasts without being prolonged.
pub(crate) const LEASE: Duration = Duration::from_mins(1);
/// How long after the last prolongation a worker goes on: what it has sent before is done when the claim ends.
const TRUSTED: Duration = Duration::from_secs(50);

/// A worker's hold on a task. The runner prolongs it while the worker works.
#[derive(Debug)]
pub struct Claim {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    task: TaskId,
    worker: String,
}

impl Claim {
    /// That of the worker which has claimed the task under this name.
    pub fn new(
        (store, clock): (Arc<dyn Store>, Arc<dyn Clock>),
        task: TaskId,
        worker: &str,
    ) -> Self {
        Self {
            store,
            clock,
            task,
            worker: worker.to_owned(),
        }
    }

    /// Asks the database whether the task is still this worker's, and prolongs the claim.
    ///
    /// The runner stops a worker whose claim is about to end; but when the whole process is stopped, by a signal or with
    /// its machine, another worker may have taken over and ended the task before this one goes on. What a worker has seen
    /// before a confirmation, it has seen while the task was its own.
    ///
    /// Errors: `ClaimLost`; `Retry` if the database does not answer.
    pub async fn confirm(&self) -> Result<(), WorkError> {
        match self.prolong().await {
            Ok(()) => Ok(()),
            Err(lost @ StoreError::NotFound(_)) => Err(WorkError::ClaimLost(lost.to_string())),
            Err(error) => Err(WorkError::Retry(error.to_string())),
        }
    }

    pub(crate) async fn prolong(&self) -> store::Result<()> {
        let until = self.clock.now().plus(LEASE);
        self.store.task_extend(self.task, &self.worker, until).await
    }

    pub(crate) async fn end(&self, end: TaskEnd) -> store::Result<()> {
        let now = self.clock.now();
        self.store.task_end(self.task, &self.worker, end, now).await
    }
}

/// Prolongs a claim; returns when it is lost or may be about to end, and says why. Beyond its end another worker may do and
/// end the task, and what was to be purged may be in use again: whoever goes on then deletes what is not theirs.
pub(crate) async fn keep_claim<F>(claimed: Instant, mut prolong: impl FnMut() -> F) -> String
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
