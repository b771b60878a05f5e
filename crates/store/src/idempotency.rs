//! Requests that may be sent twice.

use async_trait::async_trait;
use model::Timestamp;
use uuid::Uuid;

use crate::Result;

/// What a request with an `Idempotency-Key` was and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The client's key.
    pub key: Uuid,
    /// A digest of method, path, caller and body: the same key with another fingerprint is another request.
    pub fingerprint: [u8; 32],
    /// How it ended; opaque to the store.
    pub outcome: Vec<u8>,
    /// When it ended.
    pub at: Timestamp,
}

/// Idempotency records.
#[async_trait]
pub trait Idempotency {
    /// The record of this key, if there is one.
    async fn idempotency_load(&self, key: Uuid) -> Result<Option<IdempotencyRecord>>;

    /// Records an outcome that changed nothing else (a refusal). `Replayed` if the key is there already.
    async fn idempotency_record(&self, record: IdempotencyRecord) -> Result<()>;

    /// Removes the record if it is there as it was read, so that its key is free again.
    async fn idempotency_release(&self, record: IdempotencyRecord) -> Result<()>;

    /// Removes up to `limit` records that are older than `before`; says how many.
    async fn idempotency_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
