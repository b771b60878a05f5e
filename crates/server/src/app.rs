//! Builds the catalog from the configuration and from the parts that an embedding program supplies.

use std::fmt;
use std::sync::Arc;

use admission::AdmissionGate;
use approval::ContractVerification;
use authn::Authenticator;
use authz::{AllowAll, Authorizer, BuiltIn, InstanceAdmins};
use catalog::audit::Audit;
use catalog::{
    CallFlusher, Catalog, DottedNames, ExpiryWorker, MetadataCleanupWorker, Parts, PurgeWorker,
    Settings, StorageTrial,
};
use events::{Publisher, Relay};
use http_api::ApiService;
use jobs::{Housekeeping, LogCleanupWorker, Retention, Runner, Runners, Worker};
use model::{Clock, SystemClock};
use objects::{LocalStorage, Policy};
use secrets::{SecretStore, Sweeper};
use secrets_vault::VaultSecrets;
use store::{Reopened, Store};
use tokio_util::task::TaskTracker;

use crate::config::{Config, Engine};
use crate::secrets::{self as keeping, Opened};
use crate::{Error, authentication, backend, events as sinks, gates, openfga, routes, verifiers};

/// Top-level namespace names that query engines use themselves and that cannot be created here.
const RESERVED: [&str; 3] = ["system", "examples", "information_schema"];

/// A catalog, ready to serve.
pub struct Lakekeeper {
    pub(crate) config: Config,
    catalog: Arc<Catalog>,
    pub(crate) authenticator: Option<Arc<dyn Authenticator>>,
    /// Whether callers may do only what they have grants for. `false` if the embedder's authorizer decides, whose rules are
    /// unknown here.
    pub(crate) needs_grants: bool,
    gates: Vec<Arc<dyn AdmissionGate>>,
    pub(crate) store: Arc<dyn Store>,
    secrets: Arc<dyn SecretStore>,
    vault: Option<Arc<VaultSecrets>>,
    clock: Arc<dyn Clock>,
    publishers: Vec<Arc<dyn Publisher>>,
    pub(crate) changes: TaskTracker,
}

impl fmt::Debug for Lakekeeper {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lakekeeper")
            .field("catalog", &self.catalog)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Lakekeeper`]. Parts that are not supplied are built from the configuration.
#[derive(Debug)]
pub struct Builder {
    config: Config,
    store: Option<Arc<dyn Store>>,
    secrets: Option<Arc<dyn SecretStore>>,
    authenticator: Option<Arc<dyn Authenticator>>,
    authorizer: Option<Arc<dyn Authorizer>>,
    verifiers: Vec<Arc<dyn ContractVerification>>,
    gates: Vec<Arc<dyn AdmissionGate>>,
    publishers: Vec<Arc<dyn Publisher>>,
    clock: Arc<dyn Clock>,
}

impl Builder {
    /// Stores all catalog data in this store instead of the configured database.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Stores storage credentials in this secret store instead of encrypted in the catalog's own store.
    #[must_use]
    pub fn secrets(mut self, secrets: Arc<dyn SecretStore>) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// Identifies callers with this authenticator instead of the configured identity providers.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// Decides what callers may do with this authorizer instead of the configured one.
    #[must_use]
    pub fn authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.authorizer = Some(authorizer);
        self
    }

    /// Adds a verifier that must also allow changes to tables, views and generic tables. It is asked after the
    /// configured verifiers.
    #[must_use]
    pub fn verifier(mut self, verifier: Arc<dyn ContractVerification>) -> Self {
        self.verifiers.push(verifier);
        self
    }

    /// Adds a gate that must also admit authenticated callers to this installation. It is asked after the configured
    /// gates.
    #[must_use]
    pub fn gate(mut self, gate: Arc<dyn AdmissionGate>) -> Self {
        self.gates.push(gate);
        self
    }

    /// Adds a publisher that receives events besides the configured sinks. Its name must be unique.
    #[must_use]
    pub fn publisher(mut self, publisher: Arc<dyn Publisher>) -> Self {
        self.publishers.push(publisher);
        self
    }

    /// Uses this clock instead of the system's; for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Opens the database and the secret store, connects the identity providers that are required at start, and
    /// builds the catalog. Must be called within a Tokio runtime.
    pub async fn build(self) -> Result<Lakekeeper, Error> {
        install_tls();
        let store = match self.store {
            Some(store) => store,
            None => backend::open(self.config.required_database()?).await?,
        };
        let Opened { secrets, vault } = match self.secrets {
            Some(secrets) => Opened {
                secrets,
                vault: None,
            },
            None => keeping::open(&self.config.secrets, &store, &self.clock).await?,
        };
        let authenticator = match self.authenticator {
            Some(authenticator) => Some(authenticator),
            None => authentication::providers(&self.config.authentication, &self.clock).await?,
        };
        let needs_grants =
            self.authorizer.is_none() && self.config.authorization.engine.needs_grants();
        let authorizer = match self.authorizer {
            Some(authorizer) => authorizer,
            None => engine(&self.config, &store).await?,
        };
        let authorizer = behind_admins(&self.config, authorizer);
        let mut gates = gates::gates(self.config.admission.as_ref())?;
        gates.extend(self.gates);
        let mut verifiers = verifiers::verifiers(&self.config.verifiers, &self.clock)?;
        verifiers.extend(self.verifiers);
        let catalog = Catalog::new(Parts {
            store: Arc::clone(&store),
            secrets: Arc::clone(&secrets),
            authorizer,
            verifiers,
            clock: Arc::clone(&self.clock),
            settings: settings(&self.config),
        });
        let mut publishers = sinks::publishers(&self.config.events, &self.clock)?;
        publishers.extend(self.publishers);
        Ok(Lakekeeper {
            config: self.config,
            catalog: Arc::new(catalog),
            authenticator,
            needs_grants,
            gates,
            store,
            secrets,
            vault,
            clock: self.clock,
            publishers,
            changes: TaskTracker::new(),
        })
    }
}

impl Lakekeeper {
    /// A builder with this configuration and no parts supplied.
    pub fn builder(config: Config) -> Builder {
        Builder {
            config,
            store: None,
            secrets: None,
            authenticator: None,
            authorizer: None,
            verifiers: Vec::new(),
            gates: Vec::new(),
            publishers: Vec::new(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Lets the installation be bootstrapped once more: whoever bootstraps it first becomes its administrator.
    pub async fn reopen_bootstrap(&self) -> Result<Reopened, Error> {
        Ok(self.store.server_reopen_bootstrap().await?)
    }

    /// The catalog's operations, to call them without HTTP.
    pub const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The catalog API, the management API and `/health` over HTTP.
    pub fn service(&self) -> ApiService {
        let (authenticator, gates) = (self.authenticator.clone(), self.gates.clone());
        let changes = self.changes.clone();
        routes::service(&self.config, &self.catalog, authenticator, gates, changes)
    }

    /// Starts the background work of this process (task workers, housekeeping, event relays, …) on the current Tokio
    /// runtime.
    pub fn start_workers(&self) -> Runners {
        let resources = &self.config.resources;
        let log_cleanup = LogCleanupWorker {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            retention: resources.task_log_retention,
        };
        let workers: [(Arc<dyn Worker>, u32); 4] = [
            (
                Arc::new(ExpiryWorker(Arc::clone(&self.catalog))),
                resources.expiry_workers,
            ),
            (
                Arc::new(PurgeWorker(Arc::clone(&self.catalog))),
                resources.purge_workers,
            ),
            (
                Arc::new(MetadataCleanupWorker(Arc::clone(&self.catalog))),
                resources.metadata_cleanup_workers,
            ),
            (Arc::new(log_cleanup), resources.log_cleanup_workers),
        ];
        let runners = workers.map(|(worker, count)| {
            let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
            let runner = Runner {
                store,
                clock,
                worker,
                poll_interval: resources.task_poll_interval,
            };
            (runner, count as usize)
        });
        let mut runners = Runners::start(&runners);
        let lifetime = self.config.requests.idempotency_lifetime;
        let housekeeping = Housekeeping {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            retention: Retention {
                idempotency: lifetime + resources.idempotency_grace,
                events: self.config.events.retention,
                most_events: self.config.events.limits,
                task_log: resources.task_log_retention,
                statistics: resources.statistics_retention,
            },
        };
        runners.add("housekeeping", move |stop| housekeeping.clone().run(stop));
        let calls = Arc::new(CallFlusher(Arc::clone(&self.catalog)));
        runners.add_flush(calls, resources.statistics_flush);
        let sweeper = Sweeper {
            rows: Arc::clone(&self.store) as _,
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.clock),
        };
        runners.add("the sweep of unused credentials", move |stop| {
            sweeper.clone().run(stop)
        });
        if let Some(vault) = self.vault.clone() {
            runners.add("the login to Vault", move |stop| {
                Arc::clone(&vault).tend(stop)
            });
        }
        self.start_relays(&mut runners);
        runners
    }
}

impl Lakekeeper {
    fn start_relays(&self, runners: &mut Runners) {
        if !self.config.events.relay_enabled {
            return;
        }
        for publisher in &self.publishers {
            tracing::info!(sink = publisher.name(), "events are brought to a sink");
            let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
            let relay = Relay::new(store, clock, Arc::clone(publisher));
            runners.add("a relay of events", move |stop| relay.clone().run(stop));
        }
    }
}

/// Installs the TLS provider that connections to object storage and PostgreSQL share. If the embedding program has
/// already installed one, that one stays in use.
pub(crate) fn install_tls() {
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("a TLS provider is installed already");
    }
}

/// The authorizer that the configuration names.
async fn engine(config: &Config, store: &Arc<dyn Store>) -> Result<Arc<dyn Authorizer>, Error> {
    let authorizer: Arc<dyn Authorizer> = match &config.authorization.engine {
        Engine::OpenFga(config) => return openfga::connect(config, store).await,
        Engine::BuiltIn => Arc::new(BuiltIn::new(Arc::clone(store) as _)),
        Engine::AllowAll => Arc::new(AllowAll),
    };
    openfga::stop_mirroring(store.as_ref()).await?;
    Ok(authorizer)
}

/// Wraps the authorizer so that the instance administrators of the configuration are allowed first.
fn behind_admins(config: &Config, authorizer: Arc<dyn Authorizer>) -> Arc<dyn Authorizer> {
    let admins = &config.authorization.instance_admins;
    if admins.is_empty() {
        return authorizer;
    }
    Arc::new(InstanceAdmins::new(admins.iter().cloned(), authorizer))
}

fn settings(config: &Config) -> Settings {
    let names = &config.names;
    let reserved = RESERVED.map(str::to_owned).into_iter();
    let local_enabled = if names.local_storage_enabled {
        LocalStorage::Allowed
    } else {
        LocalStorage::Refused
    };
    let dotted_names = if names.dots_allowed {
        DottedNames::Allowed
    } else {
        DottedNames::Refused
    };
    let storage_trial = if names.skips_storage_trial {
        StorageTrial::Skipped
    } else {
        StorageTrial::Full
    };
    Settings {
        default_project: names.default_project.clone(),
        storage_policy: Policy {
            local_enabled,
            aws_identity: names.aws_identity,
            gcp_identity: names.gcp_identity,
            azure_identity: names.azure_identity,
            bulk_deletes: names.bulk_deletes,
        },
        storage_trial,
        reserved_namespaces: reserved.chain(names.reserved_namespaces.clone()).collect(),
        dotted_names,
        // The other third is for the cache of finished answers, see `routes`.
        metadata_cache_bytes: config.resources.metadata_cache / 3 * 2,
        max_metadata_bytes: config.resources.max_metadata,
        idempotency_lifetime: config.requests.idempotency_lifetime,
        role_nesting_depth: config.authorization.max_role_depth,
        trusted_engines: config.authorization.trusted_engines.clone(),
        max_referencing_views: config.authorization.max_referencing_views as usize,
        audit: if config.logs.audit {
            Audit::On
        } else {
            Audit::Off
        },
        gather_lanes: lanes(config),
    }
}

/// The number of lookup statements that may run at once: one per connection reserved for lookups.
fn lanes(config: &Config) -> usize {
    use crate::config::Database;
    match &config.database {
        Some(Database::Postgres(postgres)) => postgres.lookup_connections as usize,
        _ => Settings::default().gather_lanes,
    }
}
