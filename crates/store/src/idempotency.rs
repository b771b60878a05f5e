//! Records of requests that clients may send twice.

use async_trait::async_trait;
use model::Timestamp;
use uuid::Uuid;

use crate::Result;

/// A request with an `Idempotency-Key` and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The client's key.
    pub key: Uuid,
    /// A digest of method, path, caller and body. The same key with another fingerprint is another request.
    pub fingerprint: [u8; 32],
    /// The outcome of the request; opaque to the store.
    pub outcome: Vec<u8>,
    /// When the request ended.
    pub at: Timestamp,
}

/// Idempotency records.
#[async_trait]
pub trait Idempotency {
    /// The record of this key, if there is one.
    async fn idempotency_load(&self, key: Uuid) -> Result<Option<IdempotencyRecord>>;

    /// Records the outcome of a request that changed nothing (a refusal). `Replayed` if the key is recorded
    /// already.
    async fn idempotency_record(&self, record: IdempotencyRecord) -> Result<()>;

    /// Removes the record if it is unchanged since it was read, so that its key is free again.
    async fn idempotency_release(&self, record: IdempotencyRecord) -> Result<()>;

    /// Removes up to `limit` records that are older than `before`; returns how many it has removed.
    async fn idempotency_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
