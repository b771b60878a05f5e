//! Where events go, how far each sink has got, and which process brings them there.

use async_trait::async_trait;
use model::{EventId, Timestamp};

use crate::Result;

/// An event that a sink has refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeadLetter {
    /// Its place in the outbox.
    pub sequence: i64,
    /// Its id.
    pub event: EventId,
    /// What the sink has said, without secrets.
    pub reason: String,
    /// How many times it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub at: Timestamp,
}

/// A [`NewDeadLetter`] as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number; grows with each.
    pub number: i64,
    /// The sink that has refused it.
    pub sink: String,
    /// What it is about.
    pub letter: NewDeadLetter,
}

/// The sinks. One process at a time brings events to a sink: the one that holds it.
#[async_trait]
pub trait EventSinks {
    /// Takes hold of a sink until `until`, unless another holder has it beyond `now`; answers the place of the last event
    /// that the sink has got, or `None` if it is another's. A sink that nobody has heard of begins with the oldest event that
    /// is there.
    async fn event_sink_claim(
        &self,
        sink: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<i64>>;

    /// Prolongs the hold. `NotFound(EventSink)` if another one has taken it since.
    async fn event_sink_extend(&self, sink: &str, holder: &str, until: Timestamp) -> Result<()>;

    /// Notes that the sink has got all events up to a place, but for those that it has refused. `NotFound(EventSink)`, and
    /// nothing is noted, if another one has taken hold of it since.
    async fn event_sink_advance(
        &self,
        sink: &str,
        holder: &str,
        to: i64,
        refused: Vec<NewDeadLetter>,
    ) -> Result<()>;

    /// Lets go of the sink, so that another process need not wait; nothing if another one has it already.
    async fn event_sink_release(&self, sink: &str, holder: &str) -> Result<()>;

    /// Up to `limit` dead letters with greater numbers than `after`, in order.
    async fn dead_letter_list(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>>;

    /// Removes up to `limit` dead letters that are older than `before`; says how many.
    async fn dead_letter_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
