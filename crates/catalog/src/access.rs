//! The [`Catalog`] and the ways to its store: [`Catalog::store`], which takes an [`Authorized`] value as proof;
//! [`Lookup`], which only reads the rows that decisions are made on; and accessors for idempotency records and
//! background work.

use std::fmt;
use std::sync::Arc;

use approval::{ContractVerification, Verifiers};
use authz::{Action, Authorized, Authorizer, Check, Decision, Denied, Guard, Protected};
use model::{Caller, Clock, Identity, Timestamp, WarehouseId};
use secrets::SecretStore;
use store::{Gathered, Idempotency, ResolveKey, ResolveTarget, Resolved, Resolver, Store};

use crate::cache::MetadataCache;
use crate::calls::CallCounters;
use crate::credentials::Credentials;
use crate::feed::WaitLimit;
use crate::lookup::Lookup;
use crate::table::WaitingCommit;
use crate::turns::Turns;
use crate::warehouse::{self, Warehouse, WarehouseCache};
use crate::{Request, Result, Settings};

/// What a [`Catalog`] is built from.
#[derive(Debug)]
pub struct Parts {
    /// The database of the catalog.
    pub store: Arc<dyn Store>,
    /// Holds the storage credentials of warehouses.
    pub secrets: Arc<dyn SecretStore>,
    /// Decides what callers may do.
    pub authorizer: Arc<dyn Authorizer>,
    /// Verifiers that must approve each change of a table, view or generic table, asked in this order.
    pub verifiers: Vec<Arc<dyn ContractVerification>>,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The operator's settings.
    pub settings: Settings,
}

/// What all use cases share. One per process; shared by all requests.
pub struct Catalog {
    store: Arc<dyn Store>,
    gathered: Gathered,
    guard: Guard,
    verifiers: Option<Verifiers>,
    clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) settings: Settings,
    pub(crate) warehouses: WarehouseCache,
    pub(crate) metadata: MetadataCache,
    pub(crate) credentials: Credentials,
    pub(crate) turns: Turns<WaitingCommit>,
    pub(crate) waiting: WaitLimit,
    calls: Arc<CallCounters>,
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
            calls: Arc::new(CallCounters::new(Arc::clone(&parts.clock))),
            gathered: Gathered::start(&resolver, parts.settings.gather_lanes),
            guard: Guard::new(parts.authorizer),
            verifiers: Verifiers::of(parts.verifiers),
            clock: parts.clock,
            secrets: parts.secrets,
            warehouses: WarehouseCache::default(),
            metadata: MetadataCache::new(parts.settings.metadata_cache_bytes),
            credentials: Credentials::default(),
            turns: Turns::default(),
            waiting: WaitLimit::default(),
            settings: parts.settings,
            store: parts.store,
        }
    }

    /// The current time, by the catalog's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The counters of API calls.
    pub const fn calls(&self) -> &Arc<CallCounters> {
        &self.calls
    }

    /// The operator's settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The verifiers that must approve changes; `None` if none is configured.
    pub(crate) const fn verifiers(&self) -> Option<&Verifiers> {
        self.verifiers.as_ref()
    }

    /// The name of the authorizer.
    pub fn authorizer_name(&self) -> &'static str {
        self.guard.name()
    }

    /// Whether the configuration makes the caller an administrator.
    pub fn is_instance_admin(&self, request: &Request) -> bool {
        self.guard.is_instance_admin(&request.caller)
    }

    /// The store, for an act that the proof shows to be allowed.
    pub(crate) fn store<T>(&self, _proof: &Authorized<T>) -> &dyn Store {
        self.store.as_ref()
    }

    /// The idempotency records. They need no proof: a request may always read its own record.
    pub(crate) fn idempotency(&self) -> &(dyn Idempotency + Send + Sync) {
        self.store.as_ref()
    }

    /// The rows that may be read before a decision, because decisions are made on them.
    pub(crate) fn lookup(&self) -> Lookup<'_> {
        Lookup::new(self.store.as_ref())
    }

    /// The store for background work: no caller asks for it, so there is no proof.
    pub(crate) fn background(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Checks that the caller may do `action` on the target, and returns the proof.
    pub(crate) async fn require<T: Protected + Send>(
        &self,
        request: &Request,
        action: Action,
        target: T,
    ) -> Result<Authorized<T>> {
        let told = self.is_audited().then(|| target.resource());
        let required = self.guard.require(&request.caller, action, target).await;
        if let Some(resource) = &told {
            let denied = required.as_ref().err();
            self.log_required(request, resource, (action, denied), &[]);
        }
        required.map_err(|denied| request.refused(denied))
    }

    /// Checks that the caller may do `action` on the target, and returns the proof with the decisions on the
    /// `further` actions. A denied further action does not fail the request.
    pub(crate) async fn require_among<T: Protected + Send, const N: usize>(
        &self,
        request: &Request,
        action: Action,
        further: [Action; N],
        target: T,
    ) -> Result<(Authorized<T>, [Decision; N])> {
        let told = self.is_audited().then(|| target.resource());
        let caller = &request.caller;
        let required = self
            .guard
            .require_among(caller, action, further, target)
            .await;
        if let Some(resource) = &told {
            let (denied, decisions) = match &required {
                Ok((_, decisions)) => (None, decisions.as_slice()),
                Err(denied) => (Some(denied), [].as_slice()),
            };
            let further: Vec<_> = further.into_iter().zip(decisions.iter().copied()).collect();
            self.log_required(request, resource, (action, denied), &further);
        }
        required.map_err(|denied| request.refused(denied))
    }

    /// Answers each check with whether it is allowed: for `of` if given, otherwise for the caller. Gives no proof to
    /// act on.
    pub(crate) async fn ask(
        &self,
        request: &Request,
        of: Option<&Caller>,
        checks: &[Check],
    ) -> Result<Vec<bool>> {
        let caller = of.unwrap_or(&request.caller);
        let decisions = self.guard.ask(caller, checks).await.map_err(Denied::from)?;
        let answers = decisions.into_iter();
        let answers: Vec<_> = answers.map(|one| one == Decision::Allow).collect();
        self.log_asked(request, of, checks, &answers);
        Ok(answers)
    }

    /// Checks that the caller may do all of `actions` on the target, and returns the proof.
    pub(crate) async fn require_all<T: Protected + Send>(
        &self,
        request: &Request,
        actions: &[Action],
        target: T,
    ) -> Result<Authorized<T>> {
        let told = self.is_audited().then(|| target.resource());
        let required = self.guard.require_all(&request.caller, actions, target);
        let required = required.await;
        if let (Some(resource), Some((first, rest))) = (&told, actions.split_first()) {
            let denied = required.as_ref().err();
            let rest: Vec<_> = rest
                .iter()
                .filter(|_| denied.is_none())
                .map(|action| (*action, Decision::Allow))
                .collect();
            let decisive = match denied {
                Some(Denied::Forbidden { action, .. }) => action,
                _ => first,
            };
            self.log_required(request, resource, (*decisive, denied), &rest);
        }
        required.map_err(|denied| request.refused(denied))
    }

    /// The caller's identity, with the proof that it may act on what is stored about itself; `None` without an
    /// identity.
    pub(crate) fn of_self(&self, request: &Request) -> Option<Authorized<Arc<Identity>>> {
        self.guard.of_self(&request.caller)
    }

    /// The targets that the caller may do `action` on.
    pub(crate) async fn filter<T: Protected + Send>(
        &self,
        request: &Request,
        action: Action,
        targets: Vec<T>,
    ) -> Result<Vec<Authorized<T>>> {
        let first = targets.first().filter(|_| self.is_audited());
        let told = first.map(|one| (one.resource().kind(), targets.len()));
        let allowed = self.guard.filter(&request.caller, action, targets).await?;
        if let Some((kind, checked)) = told {
            self.log_filtered(request, (action, kind), (checked, allowed.len()));
        }
        Ok(allowed)
    }

    /// Where the caller's rights come from, as the audit log names it.
    pub(crate) fn privilege_source(&self, caller: &Caller) -> &'static str {
        match caller {
            Caller::System => "internal",
            caller if self.guard.is_instance_admin(caller) => "instance_admin",
            _ => "authorizer",
        }
    }

    /// Looks up a target in an active warehouse, by the gathered statement. An inactive warehouse counts as missing.
    pub(crate) async fn resolve(
        &self,
        warehouse: WarehouseId,
        target: ResolveTarget,
    ) -> Result<(Arc<Warehouse>, Resolved)> {
        let resolved = self
            .gathered
            .resolve(ResolveKey { warehouse, target })
            .await?;
        let missing = || warehouse::missing(warehouse);
        let stamp = resolved.warehouse.ok_or_else(missing)?;
        if stamp.status != store::WarehouseStatus::Active {
            return Err(missing().passing());
        }
        let warehouse = self.warehouses.at(self.lookup(), warehouse, stamp).await?;
        Ok((warehouse, resolved))
    }
}
