//! Requests with an `Idempotency-Key` have their effect at most once, however often they are sent.
//!
//! The outcome is recorded in the transaction of the effect. A refusal that would be the same again is recorded too;
//! one that depends on the moment (5xx, authorization) is not. The key is bound to method, path, caller and body. A
//! refusal that hides something, or that may pass, also binds the key: otherwise a client could tell it from a
//! recorded refusal with the same text, by using the key for another request.

use std::future::Future;

use model::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{IdempotencyRecord, StoreError};
use uuid::Uuid;

use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// An idempotency key and the fingerprint of the request that it was sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotent {
    /// The client's key.
    pub key: Uuid,
    /// A digest of method, path, caller and body.
    pub fingerprint: [u8; 32],
}

#[derive(Serialize, Deserialize)]
enum Outcome<T> {
    Done(T),
    Refused(ErrorKind, String),
    /// The key is bound to the request, but the same request may be tried again.
    Open,
}

/// A use case's error, or the discovery that the request has been answered before.
#[derive(Debug)]
pub(crate) enum Interrupted {
    Failed(CatalogError),
    Replayed(Box<IdempotencyRecord>),
}

impl<E: Into<CatalogError>> From<E> for Interrupted {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Interrupted {
    /// Maps the error, unless the request was answered before.
    pub(crate) fn map(self, to: impl FnOnce(CatalogError) -> CatalogError) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(to(error)),
            replayed @ Self::Replayed(_) => replayed,
        }
    }

    /// From an error of the store; `name` maps those that are not a replay.
    pub(crate) fn of(error: StoreError, name: impl FnOnce(StoreError) -> CatalogError) -> Self {
        match error {
            StoreError::Replayed(record) => Self::Replayed(record),
            other => Self::Failed(name(other)),
        }
    }
}

impl Request {
    /// The record that makes `outcome` the final answer to this request; empty without a key.
    pub(crate) fn record<T: Serialize>(
        &self,
        outcome: &T,
        at: Timestamp,
    ) -> Result<Vec<IdempotencyRecord>> {
        let record = self.record_outcome(&Outcome::Done(outcome), at)?;
        Ok(record.into_iter().collect())
    }

    fn record_outcome<T: Serialize>(
        &self,
        outcome: &Outcome<T>,
        at: Timestamp,
    ) -> Result<Option<IdempotencyRecord>> {
        let Some(Idempotent { key, fingerprint }) = self.idempotency.clone() else {
            return Ok(None);
        };
        let outcome = serde_json::to_vec(outcome).map_err(CatalogError::internal)?;
        Ok(Some(IdempotencyRecord {
            key,
            fingerprint,
            outcome,
            at,
        }))
    }
}

/// Runs `act` unless the request has been answered before. `act` must pass the record of its outcome to the store
/// together with its effect.
pub(crate) async fn once<T, F>(cx: &Catalog, request: &Request, act: F) -> Result<T>
where
    T: Serialize + DeserializeOwned,
    F: Future<Output = std::result::Result<T, Interrupted>>,
{
    let Some(idempotent) = &request.idempotency else {
        return match act.await {
            Ok(done) => Ok(done),
            Err(Interrupted::Failed(error)) => Err(error),
            Err(Interrupted::Replayed(_)) => Err(CatalogError::internal("replay without a key")),
        };
    };
    let kept = cx.idempotency();
    if let Some(record) = kept.idempotency_load(idempotent.key).await? {
        match replay(idempotent, &record)? {
            Some(done) => return Ok(done),
            None => kept.idempotency_release(record).await?,
        }
    }
    match act.await {
        Ok(done) => Ok(done),
        Err(Interrupted::Replayed(record)) => {
            let message = "the same request was refused at the same time; try again";
            let refused = || CatalogError::new(ErrorKind::ConcurrentUpdate, message);
            replay(idempotent, &record)?.ok_or_else(refused)
        }
        Err(Interrupted::Failed(error)) => match twin(cx, request, idempotent, &error).await? {
            Some(first) => replay(idempotent, &first)?.ok_or(error),
            None => Err(error),
        },
    }
}

/// Records the refusal, if it is final. Returns the key's record if there already is one, of a concurrent request
/// with this key or of this request itself before its connection broke: that record is the answer then. If this
/// cannot be found out, the error says so instead of the refusal: after a refusal, the client would delete files that
/// the other request may have committed.
async fn twin(
    cx: &Catalog,
    request: &Request,
    idempotent: &Idempotent,
    error: &CatalogError,
) -> Result<Option<IdempotencyRecord>> {
    let refused = match error.kind {
        kind if !kind.is_terminal() => None,
        _ if error.is_passing => Some(Outcome::<()>::Open),
        kind => Some(Outcome::Refused(kind, error.message.clone())),
    };
    let Some(refused) = refused else {
        // Such an error is not recorded.
        return match cx.idempotency().idempotency_load(idempotent.key).await {
            Err(_) if error.kind == ErrorKind::CommitStateUnknown => Ok(None),
            found => Ok(found?),
        };
    };
    let Some(record) = request.record_outcome(&refused, cx.now())? else {
        return Ok(None);
    };
    match cx.idempotency().idempotency_record(record).await {
        Ok(()) => Ok(None),
        Err(StoreError::Replayed(first)) => Ok(Some(*first)),
        Err(unknown) => Err(unknown.into()),
    }
}

/// The recorded outcome; `None` if the request may be tried again.
fn replay<T: DeserializeOwned>(
    idempotent: &Idempotent,
    record: &IdempotencyRecord,
) -> Result<Option<T>> {
    if record.fingerprint != idempotent.fingerprint {
        let message = format!(
            "idempotency key `{}` was used for a request with another method, path, caller or body; use a new key for a new request",
            idempotent.key
        );
        return Err(CatalogError::new(ErrorKind::IdempotencyKeyReused, message));
    }
    match serde_json::from_slice(&record.outcome).map_err(CatalogError::internal)? {
        Outcome::Done(done) => Ok(Some(done)),
        Outcome::Refused(kind, message) => Err(CatalogError::new(kind, message)),
        Outcome::Open => Ok(None),
    }
}
