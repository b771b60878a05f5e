//! Caches vended credentials for a part of their life: the token service is asked once for all concurrent loads of a
//! table.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use model::{Timestamp, Version, WarehouseId};
use objects::{Scope, SessionSigner, SignError, VendError, Vended, Vendor};
use quick_cache::sync::Cache;
use tokio::sync::OnceCell;

use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Result};

/// Most credentials that are cached; about 3 KB each.
const MOST: usize = 10_000;
/// The life that a credential has left at least when a client gets it: Java clients renew theirs five minutes before
/// the end.
const LEAST_LEFT: Duration = Duration::from_mins(5);
/// The longest time that a credential is handed out, however long it lives: credentials that are handed out later
/// lack a right that was revoked at the storage.
const LONGEST: Duration = Duration::from_hours(1);
/// How long a failure of the token service is answered without asking it again.
const FAILURE_LASTS: Duration = Duration::from_secs(1);

/// A credential for one folder, shared by all callers with the same permission.
#[derive(Debug)]
pub struct Credential {
    /// Unique among the credentials of this process.
    pub serial: u64,
    /// What the client gets: the properties with the keys.
    pub vended: Vended,
    /// Until when the credential is handed out: at most half of its life.
    pub fresh_until: Timestamp,
    /// Signs requests with the credential; made when it is first needed.
    signer: OnceLock<SessionSigner>,
}

impl Credential {
    /// The signer that signs requests with this credential.
    pub(crate) fn signer(&self) -> std::result::Result<&SessionSigner, SignError> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let signer = SessionSigner::of(&self.vended)?;
        Ok(self.signer.get_or_init(|| signer))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    warehouse: WarehouseId,
    /// The warehouse's version, which changes with each change of its storage.
    version: Version,
    scope: Scope,
}

#[derive(Debug, Clone)]
struct Failure {
    error: VendError,
    until: Timestamp,
}

/// One request to a token service and its answer. Everybody who needs the same credential meanwhile waits for this
/// answer.
type Slot = OnceCell<std::result::Result<Arc<Credential>, Failure>>;

/// The cached credentials.
#[derive(Debug)]
pub(crate) struct Credentials {
    slots: Cache<Key, Arc<Slot>>,
    /// Held briefly while a new slot replaces a stale one.
    replacing: Mutex<()>,
    serials: AtomicU64,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            slots: Cache::new(MOST),
            replacing: Mutex::default(),
            serials: AtomicU64::new(0),
        }
    }
}

impl Credentials {
    /// The credential for this scope of the warehouse at this version, cached or vended. A failure is returned to all
    /// who waited for it.
    pub(crate) async fn get(
        &self,
        vendor: &dyn Vendor,
        (warehouse, version): (WarehouseId, Version),
        scope: Scope,
        now: impl Fn() -> Timestamp,
    ) -> Result<Arc<Credential>> {
        let key = Key {
            warehouse,
            version,
            scope,
        };
        let slot = self.slot(&key, now());
        let answer = slot
            .get_or_init(|| self.ask(vendor, &key.scope, &now))
            .await;
        match answer {
            Ok(credential) => Ok(Arc::clone(credential)),
            Err(failure) => Err(failure.error.clone().into()),
        }
    }

    fn slot(&self, key: &Key, now: Timestamp) -> Arc<Slot> {
        let usable = || self.slots.get(key).filter(|slot| is_usable(slot, now));
        if let Some(slot) = usable() {
            return slot;
        }
        let _replacing = self
            .replacing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        usable().unwrap_or_else(|| {
            let slot = Arc::new(Slot::new());
            self.slots.insert(key.clone(), Arc::clone(&slot));
            slot
        })
    }

    async fn ask(
        &self,
        vendor: &dyn Vendor,
        scope: &Scope,
        now: &impl Fn() -> Timestamp,
    ) -> std::result::Result<Arc<Credential>, Failure> {
        let asked_at = now();
        match vendor.vend(scope).await {
            Ok(vended) => Ok(Arc::new(Credential {
                serial: self.serials.fetch_add(1, Ordering::Relaxed),
                fresh_until: asked_at.plus(fresh_for(asked_at, &vended)),
                vended,
                signer: OnceLock::new(),
            })),
            Err(error) => {
                tracing::warn!(%error, "no credentials were vended");
                let until = now().plus(FAILURE_LASTS);
                Err(Failure { error, until })
            }
        }
    }
}

impl Catalog {
    /// The credential for this scope of the warehouse, cached or vended by `vendor`.
    pub(crate) async fn vended(
        &self,
        warehouse: &Warehouse,
        vendor: &dyn Vendor,
        scope: Scope,
    ) -> Result<Arc<Credential>> {
        let at = (warehouse.id(), warehouse.row.version);
        self.credentials.get(vendor, at, scope, || self.now()).await
    }
}

fn is_usable(slot: &Slot, now: Timestamp) -> bool {
    match slot.get() {
        None => true,
        Some(Ok(credential)) => now < credential.fresh_until,
        Some(Err(failure)) => now < failure.until,
    }
}

fn fresh_for(asked_at: Timestamp, vended: &Vended) -> Duration {
    let ends = vended.expires_at.duration_since(UNIX_EPOCH);
    let asked = Duration::from_millis(u64::try_from(asked_at.as_ms()).unwrap_or(0));
    let life = ends.unwrap_or_default().saturating_sub(asked);
    (life / 2).min(life.saturating_sub(LEAST_LEFT)).min(LONGEST)
}

impl From<VendError> for CatalogError {
    fn from(error: VendError) -> Self {
        let (kind, retry_after, advice) = match &error {
            VendError::Throttled { retry_after, .. } => {
                (ErrorKind::Unavailable, *retry_after, "try again later")
            }
            VendError::Unavailable { .. } => (ErrorKind::Unavailable, None, "try again later"),
            VendError::Refused { .. } => (
                ErrorKind::InvalidStorage,
                None,
                "the warehouse's storage profile and credential must allow vended credentials; an administrator can change \
                 them, or switch vended credentials off for the warehouse",
            ),
        };
        Self {
            retry_after,
            ..Self::new(kind, format!("{error}; {advice}"))
        }
    }
}
