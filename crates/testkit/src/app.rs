//! The service under test, and calls of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use catalog::{CallFlusher, Catalog, ExpiryWorker, MetadataCleanupWorker, PurgeWorker};
use http::Method;
use http_api::ApiService;
use jobs::{Flush as _, Housekeeping, LogCleanupWorker, Retention, Runner, Runners, Worker};
use model::Clock;
use serde_json::{Value, json};
use store::{OutboxBounds, Store};
use tempfile::TempDir;

use crate::{Call, TestAppBuilder, samples};

/// The service with its APIs, a database, and a temporary folder for files, which is deleted on drop.
#[derive(Debug)]
pub struct TestApp {
    /// The HTTP service.
    pub service: ApiService,
    /// The use cases behind the service.
    pub catalog: Arc<Catalog>,
    /// The database.
    pub store: Arc<dyn Store>,
    /// The id of the warehouse `demo`.
    pub warehouse: String,
    /// The bearer token of all requests that have none of their own.
    pub token: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) folder: TempDir,
}

impl TestApp {
    /// The service, bootstrapped, with a warehouse `demo` in a temporary folder.
    pub async fn start() -> Self {
        TestAppBuilder::default().start().await
    }

    /// A builder for a service with other parts or settings.
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder::default()
    }

    /// The folder in which [`Self::warehouse_body`] creates a folder for each warehouse, named like the warehouse.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path of the catalog API in the warehouse `demo`: `at("namespaces")`.
    pub fn at(&self, rest: &str) -> String {
        format!("/catalog/v1/{}/{rest}", self.warehouse)
    }

    /// A request with this method.
    pub fn call(&self, method: Method, uri: impl Into<String>) -> Call {
        let asked = (method, uri.into());
        Call::new(self.service.clone(), asked, self.token.clone())
    }

    /// A `GET` request.
    pub fn get(&self, uri: impl Into<String>) -> Call {
        self.call(Method::GET, uri)
    }

    /// A `HEAD` request.
    pub fn head(&self, uri: impl Into<String>) -> Call {
        self.call(Method::HEAD, uri)
    }

    /// A `DELETE` request.
    pub fn delete(&self, uri: impl Into<String>) -> Call {
        self.call(Method::DELETE, uri)
    }

    /// A `POST` request with a JSON body.
    pub fn post(&self, uri: impl Into<String>, body: &Value) -> Call {
        self.call(Method::POST, uri).json(body)
    }

    /// Bootstraps the installation: accepts the terms of use.
    pub async fn bootstrap(&self) {
        let accepted = json!({ "accept-terms-of-use": true });
        let answer = self.post("/management/v1/bootstrap", &accepted).await;
        answer.expect(204);
    }

    /// A body that creates a warehouse on local storage. Also creates the warehouse's folder, which has its name.
    pub fn warehouse_body(&self, name: &str) -> Value {
        let root = self.folder().join(name);
        std::fs::create_dir_all(&root).unwrap();
        json!({
            "warehouse-name": name,
            "storage-profile": { "type": "local", "root": root.canonicalize().unwrap() },
        })
    }

    /// Creates a warehouse on local storage; returns its id.
    pub async fn create_warehouse(&self, name: &str) -> String {
        let body = self.warehouse_body(name);
        let created = self.post("/management/v1/warehouse", &body).await;
        text(&created.expect(201)["warehouse-id"])
    }

    /// Creates a namespace, its levels separated by dots; returns its id.
    pub async fn namespace(&self, path: &str) -> String {
        let levels: Vec<&str> = path.split('.').collect();
        let body = json!({ "namespace": levels });
        let created = self.post(self.at("namespaces"), &body).await.expect(200);
        text(&created["properties"]["namespace_id"])
    }

    /// Creates a table of two columns in a namespace, encoded as in a path; returns the answer, as a load would give it.
    pub async fn table(&self, namespace: &str, name: &str) -> Value {
        let uri = self.at(&format!("namespaces/{namespace}/tables"));
        self.post(uri, &samples::table(name)).await.expect(200)
    }

    /// Creates a view in a namespace, encoded as in a path; returns the answer, as a load would give it.
    pub async fn view(&self, namespace: &str, name: &str) -> Value {
        let uri = self.at(&format!("namespaces/{namespace}/views"));
        self.post(uri, &samples::view(name, namespace))
            .await
            .expect(200)
    }

    /// Loads a table of the warehouse `demo`; namespace and name are encoded as in a path.
    pub async fn load(&self, namespace: &str, name: &str) -> Value {
        let uri = self.at(&format!("namespaces/{namespace}/tables/{name}"));
        self.get(uri).await.expect(200)
    }

    /// Runs the background workers until `done` is true.
    ///
    /// # Panics
    /// If that takes longer than 20 seconds.
    pub async fn work_until(&self, done: impl Fn() -> bool) {
        let runners = self.start_workers();
        let waiting = async {
            while !done() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        runners.stop(tokio::time::Instant::now()).await;
        assert!(in_time.is_ok(), "the workers were not done in time");
    }

    /// Does all background tasks that are due, and those that become due by them.
    pub async fn work_off(&self) {
        let runners = self.runners();
        loop {
            let mut attempts = 0;
            for runner in &runners {
                attempts += runner.run_due().await.unwrap();
            }
            if attempts == 0 {
                return;
            }
        }
    }

    /// Writes the counts of calls to the database.
    pub async fn flush_calls(&self) {
        CallFlusher(Arc::clone(&self.catalog)).flush().await;
    }

    /// Runs the periodic background work once.
    pub async fn keep_house(&self) {
        let day = Duration::from_hours(24);
        let housekeeping = Housekeeping {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            retention: Retention {
                idempotency: day,
                events: day,
                most_events: OutboxBounds::of_events(1_000_000),
                task_log: day,
                statistics: day,
            },
        };
        housekeeping.once().await.unwrap();
    }

    fn start_workers(&self) -> Runners {
        Runners::start(&self.runners().map(|runner| (runner, 1)))
    }

    fn runners(&self) -> [Runner; 4] {
        let log_cleanup = LogCleanupWorker {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            retention: Duration::from_hours(24),
        };
        let workers: [Arc<dyn Worker>; 4] = [
            Arc::new(ExpiryWorker(Arc::clone(&self.catalog))),
            Arc::new(PurgeWorker(Arc::clone(&self.catalog))),
            Arc::new(MetadataCleanupWorker(Arc::clone(&self.catalog))),
            Arc::new(log_cleanup),
        ];
        workers.map(|worker| Runner {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            worker,
            poll_interval: Duration::from_millis(500),
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().map(str::to_owned).unwrap()
}
