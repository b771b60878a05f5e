//! Event sinks: how far each has got, which process delivers to it, and the events that it has refused.

use async_trait::async_trait;
use model::{EventId, Timestamp};

use crate::Result;

/// An event that a sink has refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeadLetter {
    /// The event's place in the outbox.
    pub sequence: i64,
    /// The event's id.
    pub event: EventId,
    /// The answer of the sink, without secrets.
    pub reason: String,
    /// How many deliveries were tried.
    pub attempts: u32,
    /// When the event was given up.
    pub at: Timestamp,
}

/// A stored [`NewDeadLetter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number; later ones are greater.
    pub number: i64,
    /// The sink that has refused the event.
    pub sink: String,
    /// The refused event.
    pub letter: NewDeadLetter,
}

/// The sinks. Only the process that holds a sink delivers events to it.
#[async_trait]
pub trait EventSinks {
    /// Claims a sink until `until` unless another process holds it beyond `now`. Returns the place of the last
    /// event that the sink has received, or `None` if another process holds it. An unknown sink starts with the
    /// oldest event in the outbox.
    async fn event_sink_claim(
        &self,
        sink: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<i64>>;

    /// Extends the claim until `until`. `NotFound(EventSink)` if another process has claimed the sink since.
    async fn event_sink_extend(&self, sink: &str, holder: &str, until: Timestamp) -> Result<()>;

    /// Records that the sink has received all events up to `to` except those in `refused`. `NotFound(EventSink)`
    /// if another process has claimed the sink since; nothing is recorded then.
    async fn event_sink_advance(
        &self,
        sink: &str,
        holder: &str,
        to: i64,
        refused: Vec<NewDeadLetter>,
    ) -> Result<()>;

    /// Releases the sink so that another process can claim it at once. Does nothing if another process has claimed
    /// it.
    async fn event_sink_release(&self, sink: &str, holder: &str) -> Result<()>;

    /// Up to `limit` dead letters with numbers greater than `after`, in order.
    async fn dead_letter_list(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>>;

    /// Removes up to `limit` dead letters that are older than `before`; returns how many it has removed.
    async fn dead_letter_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
