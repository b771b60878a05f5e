//! The state that all handlers share, and [`run_to_end`], which runs changes even if their client disconnects.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use admission::{AdmissionGate, Gates};
use authn::Authenticator;
use catalog::{Catalog, CatalogError};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::error::ApiResult;
use crate::iceberg::Answers;

/// What an absent `purgeRequested` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeDefault {
    /// The files stay, as the Iceberg specification has it.
    Keep,
    /// The files are deleted, as Lakekeeper up to 0.13 did it.
    Purge,
}

/// Settings of the HTTP side; read from the configuration once.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The URI at which clients reach the catalog; taken from each request if absent.
    pub base_uri: Option<String>,
    /// Whether the `x-forwarded-*` headers of a proxy are trusted.
    pub trusts_forwarded_headers: bool,
    /// Largest request body, uncompressed, in bytes.
    pub max_body_bytes: usize,
    /// The longest time that a request may take.
    pub max_request_time: Duration,
    /// Page size if a client asks for a page without `pageSize`.
    pub page_size_default: u64,
    /// The largest page size; a larger `pageSize` is reduced to this.
    pub page_size_max: u64,
    /// What an absent `purgeRequested` means.
    pub purge_default: PurgeDefault,
    /// Origins (CORS) from which browsers may call the APIs; `*` allows all.
    pub allow_origin: Vec<String>,
    /// Whether the API description is served at `/swagger-ui`.
    pub serves_swagger_ui: bool,
    /// Memory for cached answers to table and view loads, in bytes.
    pub answer_cache_bytes: u64,
    /// Names of the task queues, for `/management/v1/info`.
    pub queues: Vec<String>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            base_uri: None,
            trusts_forwarded_headers: true,
            max_body_bytes: 64 << 20,
            max_request_time: Duration::from_mins(1),
            page_size_default: 100,
            page_size_max: 1_000,
            purge_default: PurgeDefault::Keep,
            allow_origin: Vec::new(),
            serves_swagger_ui: true,
            answer_cache_bytes: 24 << 20,
            queues: [
                "metadata_cleanup",
                "soft_deletion",
                "tabular_purge",
                "task_log_cleanup",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

/// The state that all handlers share. A single [`Arc`], because it is cloned several times for each request.
#[derive(Debug, Clone)]
pub struct App(Arc<Shared>);

#[derive(Debug, Clone)]
pub struct Shared {
    pub(crate) catalog: Arc<Catalog>,
    /// If absent, every caller is anonymous.
    pub(crate) authenticator: Option<Arc<dyn Authenticator>>,
    /// If absent, every authenticated caller is admitted.
    pub(crate) gates: Option<Arc<Gates>>,
    pub(crate) settings: HttpSettings,
    pub(crate) answers: Arc<Answers>,
    changes: TaskTracker,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Offers the use cases of `catalog` over HTTP, without authentication.
    pub fn new(catalog: Arc<Catalog>, settings: HttpSettings) -> Self {
        let answers = Answers::new(settings.answer_cache_bytes);
        Self(Arc::new(Shared {
            catalog,
            authenticator: None,
            gates: None,
            settings,
            answers: Arc::new(answers),
            changes: TaskTracker::new(),
        }))
    }

    /// Runs changes in this tracker. A change may outlive the connection of its client, so wait for the tracker before the
    /// process exits.
    #[must_use]
    pub fn with_change_tracker(mut self, changes: TaskTracker) -> Self {
        Arc::make_mut(&mut self.0).changes = changes;
        self
    }

    /// The tracker to pass to [`run_to_end`].
    pub(crate) fn changes(&self) -> TaskTracker {
        self.changes.clone()
    }

    /// Authenticates each request; without an authenticator every caller is anonymous.
    #[must_use]
    pub fn authenticated_by(mut self, authenticator: Option<Arc<dyn Authenticator>>) -> Self {
        Arc::make_mut(&mut self.0).authenticator = authenticator;
        self
    }

    /// Admits an authenticated caller only if all gates do, asked in this order.
    #[must_use]
    pub fn admitted_by(mut self, gates: Vec<Arc<dyn AdmissionGate>>) -> Self {
        Arc::make_mut(&mut self.0).gates = Gates::of(gates).map(Arc::new);
        self
    }
}

/// Runs `act` to its end even if the client disconnects, so that a commit that has begun is not left half done.
pub(crate) async fn run_to_end<T: Send + 'static>(
    changes: TaskTracker,
    act: impl Future<Output = catalog::Result<T>> + Send + 'static,
) -> ApiResult<T> {
    match changes.spawn(act.in_current_span()).await {
        Ok(done) => Ok(done?),
        Err(panic) => Err(CatalogError::internal(panic).into()),
    }
}
