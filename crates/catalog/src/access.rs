//! The catalog's parts, and the only ways to its store: lookups by name, which show nothing that an authorizer has to
//! decide on, and [`Catalog::store`], which asks for an [`Authorized`] value.

use std::fmt;
use std::sync::Arc;

use authz::{Action, Authorized, Authorizer, Decision, Guard, Protected};
use model::{Caller, Clock, Identity, Timestamp, WarehouseId};
use secrets::SecretStore;
use store::{Gathered, Idempotency, ResolveKey, ResolveTarget, Resolved, Resolver, Store};

use crate::cache::MetadataCache;
use crate::credentials::Credentials;
use crate::table::WaitingCommit;
use crate::turns::Turns;
use crate::warehouse::{Warehouse, WarehouseCache};
use crate::{CatalogError, ErrorKind, Request, Result, Settings};

/// What a catalog is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Where storage credentials are kept.
    pub secrets: Arc<dyn SecretStore>,
    /// Who decides what is allowed.
    pub authorizer: Arc<dyn Authorizer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the operator decided.
    pub settings: Settings,
}

/// The use cases' common ground. One per process; shared by all requests.
pub struct Catalog {
    store: Arc<dyn Store>,
    gathered: Gathered,
    guard: Guard,
    clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) settings: Settings,
    pub(crate) warehouses: WarehouseCache,
    pub(crate) metadata: MetadataCache,
    pub(crate) credentials: Credentials,
    pub(crate) turns: Turns<WaitingCommit>,
}

impl fmt::Debug for Catalog {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Catalog")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Catalog {
    /// Puts the parts together. Must be called within a Tokio runtime, on which lookups are gathered.
    pub fn new(parts: Parts) -> Self {
        let resolver: Arc<dyn Resolver + Send + Sync> = Arc::clone(&parts.store) as _;
        Self {
            gathered: Gathered::start(&resolver, parts.settings.gather_lanes),
            guard: Guard::new(parts.authorizer),
            clock: parts.clock,
            secrets: parts.secrets,
            warehouses: WarehouseCache::default(),
            metadata: MetadataCache::new(parts.settings.metadata_cache_bytes),
            credentials: Credentials::default(),
            turns: Turns::default(),
            settings: parts.settings,
            store: parts.store,
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the operator decided.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The name of the authorizer.
    pub fn authorizer_name(&self) -> &'static str {
        self.guard.name()
    }

    /// Whether the configuration makes the caller an administrator.
    pub fn is_instance_admin(&self, request: &Request) -> bool {
        self.guard.is_instance_admin(&request.caller)
    }

    /// The store, for an act that has been allowed.
    pub(crate) fn store<T>(&self, _proof: &Authorized<T>) -> &dyn Store {
        self.store.as_ref()
    }

    /// The idempotency records: a request may always see its own.
    pub(crate) fn idempotency(&self) -> &(dyn Idempotency + Send + Sync) {
        self.store.as_ref()
    }

    /// The rows that lookups outside of the gathered statement read, before anything is decided on them.
    pub(crate) fn lookup(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The proof that the caller may act on the target.
    pub(crate) async fn require<T: Protected + Send>(
        &self,
        request: &Request,
        action: Action,
        target: T,
    ) -> Result<Authorized<T>> {
        Ok(self.guard.require(&request.caller, action, target).await?)
    }

    /// The proof that the caller may act on the target, and which of further actions are allowed.
    pub(crate) async fn require_among<T: Protected + Send, const N: usize>(
        &self,
        request: &Request,
        action: Action,
        further: [Action; N],
        target: T,
    ) -> Result<(Authorized<T>, [Decision; N])> {
        let caller = &request.caller;
        Ok(self
            .guard
            .require_among(caller, action, further, target)
            .await?)
    }

    /// The proof that the caller may do all of this to the target.
    pub(crate) async fn require_all<T: Protected + Send>(
        &self,
        request: &Request,
        actions: &[Action],
        target: T,
    ) -> Result<Authorized<T>> {
        let required = self.guard.require_all(&request.caller, actions, target);
        Ok(required.await?)
    }

    /// Which of these somebody may do to the target, in their order.
    pub(crate) async fn allowed<T: Protected + Sync>(
        &self,
        who: &Caller,
        actions: &[Action],
        target: &T,
    ) -> Result<Vec<bool>> {
        Ok(self.guard.allowed(who, actions, target).await?)
    }

    /// The caller, with the proof that it may act on what is known of itself; `None` if it is nobody.
    pub(crate) fn of_self(&self, request: &Request) -> Option<Authorized<Arc<Identity>>> {
        self.guard.of_self(&request.caller)
    }

    /// Those of the targets that the caller may act on.
    pub(crate) async fn filter<T: Protected + Send>(
        &self,
        request: &Request,
        action: Action,
        targets: Vec<T>,
    ) -> Result<Vec<Authorized<T>>> {
        Ok(self.guard.filter(&request.caller, action, targets).await?)
    }

    /// Looks a name up in an active warehouse, by the gathered statement.
    pub(crate) async fn resolve(
        &self,
        warehouse: WarehouseId,
        target: ResolveTarget,
    ) -> Result<(Arc<Warehouse>, Resolved)> {
        let resolved = self
            .gathered
            .resolve(ResolveKey { warehouse, target })
            .await?;
        let missing = || {
            CatalogError::new(
                ErrorKind::NoSuchWarehouse,
                format!("Warehouse does not exist: {warehouse}"),
            )
        };
        let stamp = resolved.warehouse.ok_or_else(missing)?;
        if stamp.status != store::WarehouseStatus::Active {
            return Err(missing());
        }
        let warehouse = self.warehouses.at(self.lookup(), warehouse, stamp).await?;
        Ok((warehouse, resolved))
    }
}
