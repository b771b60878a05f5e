//! What can be seen from outside of how far a sink has got. Of several processes the one that holds the sink counts; the others
//! show zero.

use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};
use model::Timestamp;

/// The metrics of one sink.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    /// Events that wait; an estimate, which gaps between places make too large.
    waiting: Gauge,
    /// The age of the oldest event that waits.
    lag_seconds: Gauge,
    published: Counter,
    failed: Counter,
    dead: Counter,
    missed: Counter,
}

impl Watch {
    pub(crate) fn of(sink: &str) -> Self {
        let label = || sink.to_owned();
        Self {
            waiting: gauge!("lakekeeper_events_waiting", "sink" => label()),
            lag_seconds: gauge!("lakekeeper_events_lag_seconds", "sink" => label()),
            published: counter!("lakekeeper_events_published_total", "sink" => label()),
            failed: counter!("lakekeeper_events_failed_attempts_total", "sink" => label()),
            dead: counter!("lakekeeper_events_dead_letters_total", "sink" => label()),
            missed: counter!("lakekeeper_events_missed_total", "sink" => label()),
        }
    }

    /// How many events wait, and when the first of them happened.
    pub(crate) fn waiting(&self, events: i64, oldest: Option<Timestamp>, now: Timestamp) {
        let age = oldest.map_or(Duration::ZERO, |at| now.since(at));
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        self.waiting.set(events.max(0) as f64);
        self.lag_seconds.set(age.as_secs_f64());
    }

    /// The sink is another's now.
    pub(crate) fn not_ours(&self) {
        self.waiting.set(0.0);
        self.lag_seconds.set(0.0);
    }

    pub(crate) fn published(&self, events: u64) {
        self.published.increment(events);
    }

    pub(crate) fn failed(&self) {
        self.failed.increment(1);
    }

    pub(crate) fn dead(&self, events: u64) {
        self.dead.increment(events);
    }

    /// Events were removed before the sink had them; at most so many.
    pub(crate) fn missed(&self, events: u64) {
        self.missed.increment(events);
    }
}
