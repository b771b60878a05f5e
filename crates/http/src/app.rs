//! What all handlers share.

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
    /// The files stay: the Iceberg specification.
    Keep,
    /// The files go: Lakekeeper up to 0.13.
    Purge,
}

/// Settings of the HTTP side; read from the configuration once.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where clients reach the catalog, without a trailing `/`; taken from each request if absent.
    pub base_uri: Option<String>,
    /// Whether `x-forwarded-*` of a proxy are believed.
    pub trusts_forwarded_headers: bool,
    /// Largest request body, uncompressed, in bytes.
    pub max_body_bytes: usize,
    /// Longest time a request may take.
    pub max_request_time: Duration,
    /// Page size where a client asks for pages but not for their size.
    pub page_size_default: u64,
    /// Largest page.
    pub page_size_max: u64,
    /// What an absent `purgeRequested` means.
    pub purge_default: PurgeDefault,
    /// Origins that browsers may call from; `*` for all.
    pub allow_origin: Vec<String>,
    /// Whether the API description is served at `/swagger-ui`.
    pub serves_swagger_ui: bool,
    /// Memory for finished answers, in bytes.
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

/// What all handlers share. One reference to it: each request is handed several clones.
#[derive(Debug, Clone)]
pub struct App(Arc<Shared>);

#[derive(Debug, Clone)]
pub struct Shared {
    pub(crate) catalog: Arc<Catalog>,
    /// Absent: everybody is anonymous.
    pub(crate) authenticator: Option<Arc<dyn Authenticator>>,
    /// Absent: whoever is authenticated is let in.
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
    /// The use cases, and how they are offered.
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

    /// With changes that run in here. Their clients may go before they end: wait for them before the process does.
    #[must_use]
    pub fn changing_in(mut self, changes: TaskTracker) -> Self {
        Arc::make_mut(&mut self.0).changes = changes;
        self
    }

    /// What [`to_the_end`] runs in.
    pub(crate) fn changes(&self) -> TaskTracker {
        self.changes.clone()
    }

    /// With somebody who finds out who sends a request; without one everybody is anonymous.
    #[must_use]
    pub fn authenticated_by(mut self, authenticator: Option<Arc<dyn Authenticator>>) -> Self {
        Arc::make_mut(&mut self.0).authenticator = authenticator;
        self
    }

    /// With gates that everybody who is authenticated must pass, in their order.
    #[must_use]
    pub fn admitted_by(mut self, gates: Vec<Arc<dyn AdmissionGate>>) -> Self {
        Arc::make_mut(&mut self.0).gates = Gates::of(gates).map(Arc::new);
        self
    }
}

/// Runs an act to its end even if the client goes away: a commit that has begun is not left half done.
pub(crate) async fn to_the_end<T: Send + 'static>(
    changes: TaskTracker,
    act: impl Future<Output = catalog::Result<T>> + Send + 'static,
) -> ApiResult<T> {
    match changes.spawn(act.in_current_span()).await {
        Ok(done) => Ok(done?),
        Err(panic) => Err(CatalogError::internal(panic).into()),
    }
}
