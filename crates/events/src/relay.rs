//! The loop that brings events to one sink, on whichever replica holds it.

use std::sync::Arc;
use std::time::Duration;

use jobs::{caught, idle, keep_claim};
use model::{Clock, Timestamp};
use store::{Hold, Store};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Batch, Settled};
use crate::watch::Watch;
use crate::{CloudEvent, Publisher, Source};

/// How long a sink is held without being prolonged: how long it stands still if its holder dies.
const LEASE: Duration = Duration::from_secs(15);
/// How often a sink that is another's is looked at.
const CLAIM_EVERY: Duration = Duration::from_secs(3);
/// Most events that are in memory for one sink; the outbox bounds their bytes.
const BATCH: u32 = 500;
/// What comes within this time is read at once: many small reads would take the database from those who commit.
const PAUSE: Duration = Duration::from_millis(200);
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// Places in the outbox, as seen by whoever holds a sink.
#[derive(Debug)]
struct Seen {
    /// Up to here the sink has all events.
    place: i64,
    /// Up to here they have been read for it.
    read: i64,
    /// Up to here this holder knows them to have been removed.
    gone: i64,
}

/// Brings events to one sink. Any number of processes may run one for the same sink; one of them works.
#[derive(Debug, Clone)]
pub struct Relay {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    publisher: Arc<dyn Publisher>,
    holder: String,
    watch: Watch,
}

impl Relay {
    /// From the outbox of `store` to what `publisher` leads to.
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

    /// Runs until it is told to stop; ends within half a minute then, mostly at once.
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

    /// Works as long as the sink is held, and lets go of it.
    async fn hold(&self, claimed: Instant, place: i64, stop: &CancellationToken) {
        let sink = self.publisher.name();
        let extend = || async {
            let until = self.clock.now().plus(LEASE);
            let extended = self.store.event_sink_extend(sink, &self.holder, until);
            extended.await.map(|()| Hold::GoOn)
        };
        // A panic of one sink's code is that sink's failure, not the end of the loop.
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
            place,
            read: place,
            gone: 0,
        };
        while !stop.is_cancelled() {
            let rows = self.store.outbox_read(seen.place, BATCH).await?;
            seen.read = seen.place;
            let oldest = rows.first().map(|row| row.event.at);
            let trimmed = self.look(&mut seen, oldest).await?;
            let is_last = rows.len() < BATCH as usize;
            if let Some(last) = rows.last() {
                seen.read = last.sequence;
                let events = rows.into_iter().map(|row| CloudEvent::of(row, &source));
                let batch = Batch::of(events.collect());
                self.bring(&mut seen, batch, stop).await?;
            } else if trimmed > seen.place {
                seen.place = trimmed;
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

    /// Shows how far behind the sink is, and says so if events were removed that it will never have. Answers up to where the
    /// outbox has been trimmed.
    async fn look(&self, seen: &mut Seen, oldest: Option<Timestamp>) -> store::Result<i64> {
        let span = self.store.outbox_span().await?;
        let waiting = span.last - seen.place;
        self.watch.waiting(waiting, oldest, self.clock.now());
        let from = seen.read.max(seen.gone);
        if span.trimmed > from {
            self.tell_missed(from, span.trimmed);
            seen.gone = span.trimmed;
        }
        Ok(span.trimmed)
    }

    /// Brings all of the events to the sink, however long it takes.
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
                seen.place = settled.place;
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
                    // Only to be seen: what is in hand may be gone from the outbox.
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

/// Longer with each failure, and never the same on two replicas.
fn delay(failures: u32) -> Duration {
    let delay = FIRST_DELAY
        .saturating_mul(1 << failures.min(16))
        .min(LONGEST_DELAY);
    delay.mul_f64(rand::random_range(0.5..1.0))
}

#[cfg(test)]
mod tests;
