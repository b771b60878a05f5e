//! Metrics about a sink's progress. The process that holds the sink's lease sets them; in other processes the gauges
//! are zero.

use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};
use model::Timestamp;

/// The metrics of one sink.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    /// Number of events to be delivered; an estimate, as gaps between places count too.
    waiting: Gauge,
    /// Age of the oldest event to be delivered.
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

    /// Sets how many events wait to be delivered, and when the first of them happened.
    pub(crate) fn waiting(&self, events: i64, oldest: Option<Timestamp>, now: Timestamp) {
        let age = oldest.map_or(Duration::ZERO, |at| now.since(at));
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        self.waiting.set(events.max(0) as f64);
        self.lag_seconds.set(age.as_secs_f64());
    }

    /// Another process delivers to the sink now.
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

    /// Counts events that were removed before the sink had them; `events` is an upper bound.
    pub(crate) fn missed(&self, events: u64) {
        self.missed.increment(events);
    }
}
