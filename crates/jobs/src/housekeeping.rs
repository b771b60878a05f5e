//! Removes what nobody needs any more, so that the database does not grow with time; and queues what is always to be done.

use std::sync::Arc;
use std::time::Duration;

use model::Clock;
use store::{OutboxBounds, Store};
use tokio_util::sync::CancellationToken;

use crate::log_cleanup;
use crate::run::idle;

/// Rows of one statement; several are run until nothing old is left.
const BATCH: u32 = 1_000;
const EVERY: Duration = Duration::from_secs(30);

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Idempotency records: the advertised lifetime and a grace period.
    pub idempotency: Duration,
    /// Events, and what sinks have refused of them.
    pub events: Duration,
    /// Most events and bytes of them, however young.
    pub most_events: OutboxBounds,
    /// The log of ended tasks of projects that are gone.
    pub task_log: Duration,
    /// Statistics of calls and of what warehouses hold.
    pub statistics: Duration,
}

/// The background loop that removes what is older than the [`Retention`].
#[derive(Debug, Clone)]
pub struct Housekeeping {
    /// Where to remove.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long things are kept.
    pub retention: Retention,
}

impl Housekeeping {
    /// Runs until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.once().await {
                tracing::warn!(%error, "housekeeping failed; it will be tried again");
            }
            idle(&stop, EVERY).await;
        }
    }

    /// Removes what is too old now.
    pub async fn once(&self) -> store::Result<()> {
        let now = self.clock.now();
        let Retention {
            idempotency,
            events,
            most_events,
            task_log,
            statistics,
        } = self.retention;
        while self
            .store
            .idempotency_trim(now.minus(idempotency), BATCH)
            .await?
            == u64::from(BATCH)
        {}
        while self.store.outbox_trim(now.minus(events), BATCH).await? == u64::from(BATCH) {}
        while self.store.outbox_cut(most_events, BATCH).await? == u64::from(BATCH) {}
        let forgotten = now.minus(events);
        while self.store.dead_letter_trim(forgotten, BATCH).await? == u64::from(BATCH) {}
        let forgotten = now.minus(task_log);
        while self.store.task_log_trim(None, forgotten, BATCH).await? == u64::from(BATCH) {}
        let counted = now.minus(statistics);
        while self.store.calls_trim(counted, BATCH).await? == u64::from(BATCH) {}
        self.store.warehouse_counts_merge(counted).await?;
        log_cleanup::plan(self.store.as_ref(), self.clock.as_ref()).await?;
        Ok(())
    }
}
