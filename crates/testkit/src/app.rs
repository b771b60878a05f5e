//! The running service.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use catalog::{CallFlusher, Catalog, ExpiryWorker, MetadataCleanupWorker, PurgeWorker};
use http::Method;
use jobs::{Flush as _, Housekeeping, LogCleanupWorker, Retention, Runner, Runners, Worker};
use model::Clock;
use serde_json::{Value, json};
use store::{OutboxBounds, Store};
use tempfile::TempDir;

use crate::{Call, TestAppBuilder, samples};

/// Both APIs, their database and a folder for files; all gone when it is dropped.
#[derive(Debug)]
pub struct TestApp {
    /// The service.
    pub router: Router,
    /// The use cases behind it.
    pub catalog: Arc<Catalog>,
    /// The database.
    pub store: Arc<dyn Store>,
    /// The id of the warehouse `demo`.
    pub warehouse: String,
    /// What each request shows from now on.
    pub token: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) folder: TempDir,
}

impl TestApp {
    /// Bootstrapped, with a warehouse `demo` in a temporary folder.
    pub async fn start() -> Self {
        TestAppBuilder::default().start().await
    }

    /// To make another one.
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder::default()
    }

    /// The folder in which each warehouse has a folder of its name.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of something in the warehouse `demo`: `at("namespaces")`.
    pub fn at(&self, rest: &str) -> String {
        format!("/catalog/v1/{}/{rest}", self.warehouse)
    }

    /// A request.
    pub fn call(&self, method: Method, uri: impl Into<String>) -> Call {
        let asked = (method, uri.into());
        Call::new(self.router.clone(), asked, self.token.clone())
    }

    /// `GET`.
    pub fn get(&self, uri: impl Into<String>) -> Call {
        self.call(Method::GET, uri)
    }

    /// `HEAD`.
    pub fn head(&self, uri: impl Into<String>) -> Call {
        self.call(Method::HEAD, uri)
    }

    /// `DELETE`.
    pub fn delete(&self, uri: impl Into<String>) -> Call {
        self.call(Method::DELETE, uri)
    }

    /// `POST` with a JSON body.
    pub fn post(&self, uri: impl Into<String>, body: &Value) -> Call {
        self.call(Method::POST, uri).json(body)
    }

    /// Accepts the terms of use.
    pub async fn bootstrap(&self) {
        let accepted = json!({ "accept-terms-of-use": true });
        let answer = self.post("/management/v1/bootstrap", &accepted).await;
        answer.expect(204);
    }

    /// A body that creates a warehouse in a folder of its name.
    pub fn warehouse_body(&self, name: &str) -> Value {
        let root = self.folder().join(name);
        std::fs::create_dir_all(&root).unwrap();
        json!({
            "warehouse-name": name,
            "storage-profile": { "type": "local", "root": root.canonicalize().unwrap() },
        })
    }

    /// Creates a warehouse; answers its id.
    pub async fn create_warehouse(&self, name: &str) -> String {
        let body = self.warehouse_body(name);
        let created = self.post("/management/v1/warehouse", &body).await;
        text(&created.expect(201)["warehouse-id"])
    }

    /// Creates a namespace, its levels divided by dots; answers its id.
    pub async fn namespace(&self, path: &str) -> String {
        let levels: Vec<&str> = path.split('.').collect();
        let body = json!({ "namespace": levels });
        let created = self.post(self.at("namespaces"), &body).await.expect(200);
        text(&created["properties"]["namespace_id"])
    }

    /// Creates a table of two columns in a namespace (as it stands in a path); answers what a load would.
    pub async fn table(&self, namespace: &str, name: &str) -> Value {
        let uri = self.at(&format!("namespaces/{namespace}/tables"));
        self.post(uri, &samples::table(name)).await.expect(200)
    }

    /// Creates a view in a namespace (as it stands in a path); answers what a load would.
    pub async fn view(&self, namespace: &str, name: &str) -> Value {
        let uri = self.at(&format!("namespaces/{namespace}/views"));
        self.post(uri, &samples::view(name, namespace))
            .await
            .expect(200)
    }

    /// Loads a table of the warehouse `demo`.
    pub async fn load(&self, namespace: &str, name: &str) -> Value {
        let uri = self.at(&format!("namespaces/{namespace}/tables/{name}"));
        self.get(uri).await.expect(200)
    }

    /// Runs the workers of the background until `done`.
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

    /// Does what is due in the background, and what becomes due by it, until nothing is.
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

    /// Writes down which calls have been counted.
    pub async fn flush_calls(&self) {
        CallFlusher(Arc::clone(&self.catalog)).flush().await;
    }

    /// Does once what is always to be done in the background.
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
