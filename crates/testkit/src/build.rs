//! The builder of the service under test.

use std::sync::Arc;

use admission::AdmissionGate;
use approval::ContractVerification;
use authn::Authenticator;
use authz::{AllowAll, Authorizer, BuiltIn};
use catalog::{Catalog, Parts, Settings};
use http_api::{App, HttpSettings};
use model::{Clock, SystemClock};
use objects::{LocalStorage, Policy};
use secrets::{EncryptedSecrets, Key, Plaintext};
use store::Store;
use store_sqlite::SqliteStore;

use crate::TestApp;

/// Builds a [`TestApp`]. By default: no authentication, everything is allowed, a temporary SQLite database.
#[derive(Debug)]
pub struct TestAppBuilder {
    authenticator: Option<Arc<dyn Authenticator>>,
    authorizer: Decides,
    verifiers: Vec<Arc<dyn ContractVerification>>,
    gates: Vec<Arc<dyn AdmissionGate>>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    http: HttpSettings,
    store: Option<Arc<dyn Store>>,
    token: Option<String>,
}

/// The authorizer.
#[derive(Debug)]
enum Decides {
    These(Arc<dyn Authorizer>),
    Grants,
}

impl Default for TestAppBuilder {
    fn default() -> Self {
        Self {
            authenticator: None,
            authorizer: Decides::These(Arc::new(AllowAll)),
            verifiers: Vec::new(),
            gates: Vec::new(),
            clock: Arc::new(SystemClock),
            settings: Settings {
                storage_policy: Policy {
                    local_enabled: LocalStorage::Allowed,
                    ..Policy::default()
                },
                ..Settings::default()
            },
            http: HttpSettings::default(),
            store: None,
            token: None,
        }
    }
}

impl TestAppBuilder {
    /// Authenticates requests, whose callers are anonymous otherwise.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// Authorizes with this authorizer, instead of allowing everything.
    #[must_use]
    pub fn authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.authorizer = Decides::These(authorizer);
        self
    }

    /// Adds a verifier of changes. Verifiers are asked in the order in which they are added.
    #[must_use]
    pub fn verifier(mut self, verifier: Arc<dyn ContractVerification>) -> Self {
        self.verifiers.push(verifier);
        self
    }

    /// Adds an admission gate for authenticated callers. Gates are asked in the order in which they are added.
    #[must_use]
    pub fn gate(mut self, gate: Arc<dyn AdmissionGate>) -> Self {
        self.gates.push(gate);
        self
    }

    /// Authorizes with the built-in engine, by the grants in the database.
    #[must_use]
    pub fn built_in(mut self) -> Self {
        self.authorizer = Decides::Grants;
        self
    }

    /// Uses this store instead of a temporary SQLite database.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sends this bearer token with requests that have none of their own.
    #[must_use]
    pub fn token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// Uses this clock instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Changes the settings of the use cases.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Changes the settings of the HTTP side.
    #[must_use]
    pub fn http(mut self, change: impl FnOnce(&mut HttpSettings)) -> Self {
        change(&mut self.http);
        self
    }

    /// The service before its first request: not bootstrapped, and without a warehouse.
    ///
    /// # Panics
    /// If no temporary files can be created.
    pub fn build(self) -> TestApp {
        let temporary = || Arc::new(SqliteStore::temporary().unwrap()) as _;
        let store: Arc<dyn Store> = self.store.unwrap_or_else(temporary);
        let key = Key::from_passphrase(&Plaintext::new("a passphrase of the tests")).unwrap();
        let rows = Arc::clone(&store);
        let secrets = EncryptedSecrets::new(rows, key, Arc::clone(&self.clock));
        let authorizer = match self.authorizer {
            Decides::These(authorizer) => authorizer,
            Decides::Grants => Arc::new(BuiltIn::new(Arc::clone(&store) as _)),
        };
        let catalog = Arc::new(Catalog::new(Parts {
            store: Arc::clone(&store),
            secrets: Arc::new(secrets),
            authorizer,
            verifiers: self.verifiers,
            clock: Arc::clone(&self.clock),
            settings: self.settings,
        }));
        let app = App::new(Arc::clone(&catalog), self.http);
        let app = app.authenticated_by(self.authenticator);
        let service = http_api::service(&app.admitted_by(self.gates));
        TestApp {
            service,
            catalog,
            store,
            clock: self.clock,
            folder: tempfile::tempdir().unwrap(),
            warehouse: String::new(),
            token: self.token,
        }
    }

    /// The service, bootstrapped, with a warehouse `demo` in a temporary folder.
    ///
    /// # Panics
    /// If the service refuses one of these requests.
    pub async fn start(self) -> TestApp {
        let mut app = self.build();
        app.bootstrap().await;
        app.warehouse = app.create_warehouse("demo").await;
        app
    }
}
