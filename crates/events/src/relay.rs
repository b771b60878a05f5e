//! The loop that delivers events to one sink, on the replica that holds the sink's lease.

use std::sync::Arc;
use std::time::Duration;

use jobs::{caught, idle, keep_claim};
use model::{Clock, Timestamp};
use store::{Instruction, Store};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Batch, Settled};
use crate::watch::Watch;
use crate::{CloudEvent, Publisher, Source};

/// How long a lease lasts without being extended: if its holder dies, the sink gets no events for this long.
const LEASE: Duration = Duration::from_secs(15);
/// How often a replica tries to get the lease of a sink that another replica holds.
const CLAIM_EVERY: Duration = Duration::from_secs(3);
/// Most events in memory for one sink; the bytes of one read are bounded by the outbox.
const BATCH: u32 = 500;
/// Pause before the outbox is read again after all its events have been read. Many small reads would slow down
/// commits.
const PAUSE: Duration = Duration::from_millis(200);
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// Places in the outbox, as known to the holder of the lease.
#[derive(Debug)]
struct Seen {
    /// The sink has all events up to here.
    delivered_to: i64,
    /// Events up to here have been read for the sink.
    read_to: i64,
    /// Events up to here have been removed from the outbox, and their loss has been reported.
    reported_gone_to: i64,
}

/// Delivers events to one sink. Any number of processes may run a relay for the same sink; one of them delivers.
#[derive(Debug, Clone)]
pub struct Relay {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    publisher: Arc<dyn Publisher>,
    holder: String,
    watch: Watch,
}

impl Relay {
    /// A relay from the outbox of `store` to `publisher`.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        publisher: Arc<dyn Publisher>,
    ) -> Self {
        Self {
            watch: Watch::of(publisher.name()),
            holder: uuid::Uuid::new_v4().to_string(),
            store,
            clock,
            publisher,
        }
    }

    /// Runs until it is told to stop. Then it ends within half a minute, usually at once.
    pub async fn run(self, stop: CancellationToken) {
        let sink = self.publisher.name().to_owned();
        while !stop.is_cancelled() {
            let (now, claimed) = (self.clock.now(), Instant::now());
            let claim = self
                .store
                .event_sink_claim(&sink, &self.holder, now, now.plus(LEASE));
            match claim.await {
                Ok(Some(place)) => {
                    self.hold(claimed, place, &stop).await;
                    self.watch.not_ours();
                }
                Ok(None) => idle(&stop, CLAIM_EVERY).await,
                Err(error) => {
                    tracing::warn!(%error, sink, "events cannot be brought to a sink now");
                    idle(&stop, CLAIM_EVERY).await;
                }
            }
        }
    }

    /// Delivers events while the lease can be extended, then releases the lease.
    async fn hold(&self, claimed: Instant, place: i64, stop: &CancellationToken) {
        let sink = self.publisher.name();
        let extend = || async {
            let until = self.clock.now().plus(LEASE);
            let extended = self.store.event_sink_extend(sink, &self.holder, until);
            extended.await.map(|()| Instruction::GoOn)
        };
        // A panic in the code of one publisher is a failure of that sink and must not end the loop.
        let work = caught(sink, self.work(place, stop));
        let failed = tokio::select! {
            ended = work => match ended {
                Some(Ok(())) => None,
                Some(Err(error)) => Some(error.to_string()),
                None => Some("the publisher panicked".to_owned()),
            },
            end = keep_claim(claimed, LEASE, extend) => Some(end.to_string()),
        };
        if let Err(error) = self.store.event_sink_release(sink, &self.holder).await {
            tracing::warn!(%error, sink, "a sink cannot be let go of; it is free in {} s", LEASE.as_secs());
        }
        if let Some(why) = failed {
            tracing::warn!(%why, sink, "events are not brought to a sink any more; it will be tried again");
            idle(stop, CLAIM_EVERY).await;
        }
    }

    async fn work(&self, place: i64, stop: &CancellationToken) -> store::Result<()> {
        let source = Source::of(self.store.server_load().await?.id);
        let mut seen = Seen {
            delivered_to: place,
            read_to: place,
            reported_gone_to: 0,
        };
        while !stop.is_cancelled() {
            let rows = self.store.outbox_read(seen.delivered_to, BATCH).await?;
            seen.read_to = seen.delivered_to;
            let oldest = rows.first().map(|row| row.event.at);
            let trimmed = self.look(&mut seen, oldest).await?;
            let is_last = rows.len() < BATCH as usize;
            if let Some(last) = rows.last() {
                seen.read_to = last.sequence;
                let events = rows.into_iter().map(|row| CloudEvent::of(row, &source));
                let batch = Batch::of(events.collect());
                self.bring(&mut seen, batch, stop).await?;
            } else if trimmed > seen.delivered_to {
                seen.delivered_to = trimmed;
                let nothing = Settled {
                    place: trimmed,
                    taken: 0,
                    refused: Vec::new(),
                };
                self.note(nothing).await?;
            }
            if is_last {
                idle(stop, PAUSE).await;
            }
        }
        Ok(())
    }

    /// Updates the metrics of how far behind the sink is, and reports events that were removed before the sink had
    /// them. Returns the place up to which the outbox has been trimmed.
    async fn look(&self, seen: &mut Seen, oldest: Option<Timestamp>) -> store::Result<i64> {
        let span = self.store.outbox_span().await?;
        let waiting = span.last - seen.delivered_to;
        self.watch.waiting(waiting, oldest, self.clock.now());
        let from = seen.read_to.max(seen.reported_gone_to);
        if span.trimmed > from {
            self.tell_missed(from, span.trimmed);
            seen.reported_gone_to = span.trimmed;
        }
        Ok(span.trimmed)
    }

    /// Delivers all events of the batch, however long it takes.
    async fn bring(
        &self,
        seen: &mut Seen,
        mut batch: Batch,
        stop: &CancellationToken,
    ) -> store::Result<()> {
        let mut failures = 0_u32;
        while !batch.is_done() && !stop.is_cancelled() {
            let now = self.clock.now();
            let failure = batch.round(self.publisher.as_ref(), now, stop).await;
            if let Some(settled) = batch.settle() {
                seen.delivered_to = settled.place;
                self.note(settled).await?;
                failures = 0;
            }
            if let Some(error) = failure {
                self.watch.failed();
                if !batch.is_done() {
                    let delay = delay(failures);
                    failures += 1;
                    tracing::warn!(
                        %error, sink = self.publisher.name(), failures, delay_s = delay.as_secs_f64(),
                        "a sink does not take events; they wait in the database"
                    );
                    // Only for metrics and reports: the events of the batch are in memory and are delivered even if
                    // they are gone from the outbox.
                    if let Err(error) = self.look(seen, batch.oldest()).await {
                        tracing::warn!(
                            %error, sink = self.publisher.name(),
                            "how far behind a sink is cannot be seen now"
                        );
                    }
                    idle(stop, delay).await;
                }
            }
        }
        Ok(())
    }

    async fn note(&self, settled: Settled) -> store::Result<()> {
        let sink = self.publisher.name();
        for letter in &settled.refused {
            tracing::error!(
                sink, event.id = %letter.event, event.place = letter.sequence, reason = letter.reason,
                attempts = letter.attempts, "an event is given up: the sink refuses it"
            );
        }
        let (taken, dead) = (settled.taken, settled.refused.len() as u64);
        self.store
            .event_sink_advance(sink, &self.holder, settled.place, settled.refused)
            .await?;
        self.watch.published(taken);
        self.watch.dead(dead);
        Ok(())
    }

    fn tell_missed(&self, from: i64, trimmed: i64) {
        let most = trimmed.abs_diff(from);
        self.watch.missed(most);
        tracing::error!(
            sink = self.publisher.name(),
            from,
            trimmed,
            "up to {most} events were removed before the sink had them: it has been behind for longer than events are kept"
        );
    }
}

/// The pause after so many failures: it grows, and is random so that replicas do not retry in step.
fn delay(failures: u32) -> Duration {
    let delay = FIRST_DELAY
        .saturating_mul(1 << failures.min(16))
        .min(LONGEST_DELAY);
    delay.mul_f64(rand::random_range(0.5..1.0))
}

#[cfg(test)]
mod tests;
