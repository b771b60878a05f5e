//! The events of committed changes.

use async_trait::async_trait;
use model::{Event, Timestamp};

use crate::Result;

/// An event as it lies in the outbox.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    /// Its place; grows with each event.
    pub sequence: i64,
    /// What happened.
    pub event: Event,
}

/// Most bytes of bodies that one read answers, unless the first event alone has more.
pub const OUTBOX_READ_BYTES: i64 = 8 << 20;

/// How far the outbox reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxSpan {
    /// Events up to this place may have been removed.
    pub trimmed: i64,
    /// The place of the last event that has one.
    pub last: i64,
}

/// How much of the outbox is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxBounds {
    /// How many events.
    pub events: u64,
    /// How many bytes of their bodies.
    pub bytes: u64,
}

impl OutboxBounds {
    /// So many events, whatever their size.
    pub const fn of_events(events: u64) -> Self {
        Self {
            events,
            bytes: u64::MAX,
        }
    }
}

/// The outbox. Events get into it as [`Effects`](crate::Effects) of a change.
#[async_trait]
pub trait Outbox {
    /// Up to `limit` events behind the given place, in order, and no more than [`OUTBOX_READ_BYTES`]. No event ever appears before one that has been read: who
    /// goes on from the last place read misses none.
    async fn outbox_read(&self, after: i64, limit: u32) -> Result<Vec<OutboxRow>>;

    /// How far it reaches.
    async fn outbox_span(&self) -> Result<OutboxSpan>;

    /// Removes up to `limit` events that are older than `before`; says how many.
    async fn outbox_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// Removes up to `limit` events, the first ones, as long as there are more than is to be kept; says how many. Gaps between
    /// places count as events: fewer may be left. The last event stays, whatever its size. What the last release has written counts
    /// without its bytes.
    async fn outbox_cut(&self, keep: OutboxBounds, limit: u32) -> Result<u64>;
}
