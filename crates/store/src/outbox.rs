//! The events of committed changes.

use async_trait::async_trait;
use model::{Event, Timestamp};

use crate::Result;

/// An event in the outbox.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    /// Its place; later events have greater places.
    pub sequence: i64,
    /// What happened.
    pub event: Event,
}

/// Most bytes of event bodies that one read returns, unless the first event alone is larger.
pub const OUTBOX_READ_BYTES: i64 = 8 << 20;

/// The first and last places of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxSpan {
    /// Events up to this place may have been removed.
    pub trimmed: i64,
    /// The last place that was assigned to an event.
    pub last: i64,
}

/// How many events the outbox keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxBounds {
    /// Most events.
    pub events: u64,
    /// Most bytes of event bodies.
    pub bytes: u64,
}

impl OutboxBounds {
    /// At most this many events, whatever their size.
    pub const fn of_events(events: u64) -> Self {
        Self {
            events,
            bytes: u64::MAX,
        }
    }
}

/// The outbox. Events are added to it as [`Effects`](crate::Effects) of a change.
#[async_trait]
pub trait Outbox {
    /// Up to `limit` events after the given place, in order, and at most [`OUTBOX_READ_BYTES`]. No event ever
    /// appears before one that has been read, so a reader that continues after the last place it has read misses
    /// no event.
    async fn outbox_read(&self, after: i64, limit: u32) -> Result<Vec<OutboxRow>>;

    /// The first and last places of the outbox.
    async fn outbox_span(&self) -> Result<OutboxSpan>;

    /// Removes up to `limit` events that are older than `before`; returns how many it has removed.
    async fn outbox_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// Removes the oldest events, up to `limit`, while there are more than `keep` allows; returns how many it has
    /// removed. Gaps between places count as events, so fewer may be left. The last event stays, whatever its
    /// size. Events that the previous release has written count with no bytes.
    async fn outbox_cut(&self, keep: OutboxBounds, limit: u32) -> Result<u64>;
}
