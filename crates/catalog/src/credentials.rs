//! Vended credentials, kept for a part of their life: the token service is asked once for all that load a table at a time.

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

/// Most credentials that are kept; about 3 KB each.
const MOST: usize = 10_000;
/// What a client should have left when it gets a credential: Java's clients renew theirs five minutes before the end.
const LEAST_LEFT: Duration = Duration::from_mins(5);
/// The longest time that one is handed out, however long it lives: so soon a right that was taken away has an effect.
const LONGEST: Duration = Duration::from_hours(1);
/// How long a token service that has refused is left alone.
const FAILURE_LASTS: Duration = Duration::from_secs(1);

/// A credential for one folder, as it is handed out to everybody with the same permission.
#[derive(Debug)]
pub struct Credential {
    /// Different from that of every other credential of this process.
    pub serial: u64,
    /// What the client gets.
    pub vended: Vended,
    /// Until when it is handed out: at most half of its life.
    pub fresh_until: Timestamp,
    /// Signs with it; made when it is needed for the first time.
    signer: OnceLock<SessionSigner>,
}

impl Credential {
    /// What signs requests with it.
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
    /// Counts up with each change of the storage.
    version: Version,
    scope: Scope,
}

#[derive(Debug, Clone)]
struct Failure {
    error: VendError,
    until: Timestamp,
}

/// One question to a token service, and its answer. All who come meanwhile wait for the same.
type Slot = OnceCell<std::result::Result<Arc<Credential>, Failure>>;

/// The credentials that are kept.
#[derive(Debug)]
pub(crate) struct Credentials {
    slots: Cache<Key, Arc<Slot>>,
    /// Held, for moments, to put a new slot into the place of a stale one.
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
    /// The credential for this scope of a warehouse at this version. A failure is that of all who have waited for it.
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
    /// The credential for this scope of the warehouse, by one of its vendors.
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
                "the warehouse's storage profile and credential must allow it; an administrator can change them, or \
                 switch vended credentials off for the warehouse",
            ),
        };
        Self {
            retry_after,
            ..Self::new(kind, format!("{error}; {advice}"))
        }
    }
}
