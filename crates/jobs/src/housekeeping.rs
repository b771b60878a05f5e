//! Removes old rows, so that the database does not grow with time, and queues recurring tasks.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use model::Clock;
use store::{OutboxBounds, Store};
use tokio_util::sync::CancellationToken;

use crate::log_cleanup;
use crate::run::idle;

/// Rows that one statement removes; it is repeated until nothing old is left.
const BATCH: u32 = 1_000;
const EVERY: Duration = Duration::from_secs(30);

/// How long rows are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Idempotency records: the advertised lifetime plus a grace period.
    pub idempotency: Duration,
    /// Events, and events that sinks have refused.
    pub events: Duration,
    /// The most events, and bytes of events, that are kept, however young they are.
    pub most_events: OutboxBounds,
    /// The task log of deleted projects.
    pub task_log: Duration,
    /// Statistics of calls and of the contents of warehouses.
    pub statistics: Duration,
}

/// The background loop that removes what is older than the [`Retention`].
#[derive(Debug, Clone)]
pub struct Housekeeping {
    /// The store to clean up.
    pub store: Arc<dyn Store>,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// How long rows are kept.
    pub retention: Retention,
}

/// Removes one kind of row; the name is for the log if it fails.
type Step<'a> = (&'static str, BoxFuture<'a, store::Result<()>>);

impl Housekeeping {
    /// Runs until it is told to stop, and then ends at once.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                biased;
                // Each batch is a transaction of its own, so the next round can do the rest.
                () = stop.cancelled() => return,
                // Failures have been logged.
                Ok(()) | Err(_) = self.once() => {}
            }
            idle(&stop, EVERY).await;
        }
    }

    /// Removes what is too old now. A step that fails is logged and does not keep the steps after it from running;
    /// the first error is returned.
    pub async fn once(&self) -> store::Result<()> {
        let now = self.clock.now();
        let (store, kept) = (self.store.as_ref(), self.retention);
        let (idempotency, events) = (now.minus(kept.idempotency), now.minus(kept.events));
        let (task_log, statistics) = (now.minus(kept.task_log), now.minus(kept.statistics));
        let steps: [Step<'_>; 8] = [
            (
                "idempotency records",
                in_batches(move || store.idempotency_trim(idempotency, BATCH)).boxed(),
            ),
            (
                "old events",
                in_batches(move || store.outbox_trim(events, BATCH)).boxed(),
            ),
            (
                "events beyond the bounds",
                in_batches(move || store.outbox_cut(kept.most_events, BATCH)).boxed(),
            ),
            (
                "events that sinks have refused",
                in_batches(move || store.dead_letter_trim(events, BATCH)).boxed(),
            ),
            (
                "the task log",
                in_batches(move || store.task_log_trim(None, task_log, BATCH)).boxed(),
            ),
            (
                "statistics of calls",
                in_batches(move || store.calls_trim(statistics, BATCH)).boxed(),
            ),
            (
                "statistics of warehouses",
                store.warehouse_counts_merge(statistics),
            ),
            (
                "tasks that clean the task log",
                log_cleanup::plan(store, self.clock.as_ref()).boxed(),
            ),
        ];
        run_all(steps).await
    }
}

/// Runs batches until one removes fewer than [`BATCH`] rows.
async fn in_batches<F>(batch: impl Fn() -> F) -> store::Result<()>
where
    F: Future<Output = store::Result<u64>>,
{
    while batch().await? == u64::from(BATCH) {}
    Ok(())
}

/// Runs all steps, even after a failure; returns the first error.
async fn run_all<const N: usize>(steps: [Step<'_>; N]) -> store::Result<()> {
    let mut done = Ok(());
    for (what, step) in steps {
        if let Err(error) = step.await {
            tracing::warn!(%error, what, "housekeeping failed; it will be tried again");
            done = done.and(Err(error));
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use model::{Event, EventKind, Origin, ProjectId, SystemClock, Timestamp};
    use serde_json::value::RawValue;
    use store::{Effects, ProjectRow, StoreError};
    use store_sqlite::SqliteStore;

    use super::*;

    /// A clock that triggers the stop when it is read.
    #[derive(Debug)]
    struct Stopping(CancellationToken);

    impl Clock for Stopping {
        fn now(&self) -> Timestamp {
            self.0.cancel();
            SystemClock.now()
        }
    }

    fn keeping_nothing(store: &Arc<dyn Store>, clock: Arc<dyn Clock>) -> Housekeeping {
        Housekeeping {
            store: Arc::clone(store),
            clock,
            retention: Retention {
                idempotency: Duration::ZERO,
                events: Duration::ZERO,
                most_events: OutboxBounds::of_events(1_000_000),
                task_log: Duration::ZERO,
                statistics: Duration::ZERO,
            },
        }
    }

    /// A store with this many events that are an hour old.
    async fn with_events(count: u32) -> Arc<dyn Store> {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
        let at = SystemClock.now().minus(Duration::from_hours(1));
        let events = (0..count).map(|number| Event {
            kind: EventKind::CreateProject,
            at,
            warehouse: None,
            subject: number.to_string(),
            body: RawValue::from_string("{}".to_owned()).unwrap(),
            origin: Origin::generate(),
        });
        let effects = Effects {
            events: events.collect(),
            ..Effects::none()
        };
        let project = ProjectRow {
            id: ProjectId::generate(),
            name: "p".to_owned(),
            created_at: at,
        };
        store.project_create(project, effects).await.unwrap();
        store
    }

    #[tokio::test]
    async fn a_stop_is_heard_before_all_that_is_old_is_gone() {
        let store = with_events(3 * BATCH).await;
        let left = async || store.outbox_read(0, 1).await.unwrap().len();
        let stop = CancellationToken::new();
        let stopping = keeping_nothing(&store, Arc::new(Stopping(stop.clone())));
        stopping.run(stop).await;
        assert_eq!(left().await, 1);
        let going_on = keeping_nothing(&store, Arc::new(SystemClock));
        going_on.once().await.unwrap();
        assert_eq!(left().await, 0);
    }

    #[tokio::test]
    async fn what_fails_keeps_nothing_behind_it_and_the_first_error_is_told() {
        let failing = |why: &'static str| {
            let error = StoreError::Unavailable(why.into());
            futures::future::err(error).boxed()
        };
        let mut is_done = false;
        let working = async {
            is_done = true;
            Ok(())
        };
        let steps = [
            ("first", failing("the first")),
            ("second", working.boxed()),
            ("third", failing("the third")),
        ];
        let error = run_all(steps).await.unwrap_err();
        assert!(error.to_string().contains("the first"), "{error}");
        assert!(is_done);
    }
}
