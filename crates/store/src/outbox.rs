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

/// The outbox. Events get into it as [`Effects`](crate::Effects) of a change.
#[async_trait]
pub trait Outbox {
    /// Up to `limit` events behind the given place, in order. No event ever appears before one that has been read: who
    /// goes on from the last place read misses none.
    async fn outbox_read(&self, after: i64, limit: u32) -> Result<Vec<OutboxRow>>;

    /// Removes up to `limit` events that are older than `before`; says how many.
    async fn outbox_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
