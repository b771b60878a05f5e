//! The parts of this server pass the conformance suites of their traits.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use authz::conformance::{Effort, StoreWorld};
use authz::{Action, Authorizer, BuiltIn, Check, Decision, Resource, ServerAction};
use custom_catalog_server::{EventFile, KeptColumns, SecretFolder, Suspensions};
use events::Publisher;
use events::conformance::Subject;
use lakekeeper::backend;
use lakekeeper::config::Database;
use serde_json::Value;
use tempfile::TempDir;

#[tokio::test]
async fn the_folder_is_a_secret_store() {
    let home = TempDir::new().unwrap();
    let folder = SecretFolder::open(home.path().join("secrets"));
    secrets::conformance::run(&folder.await.unwrap()).await;
}

/// Reads the events in the file that were not read before.
struct Lines {
    path: PathBuf,
    taken: AtomicUsize,
}

#[async_trait]
impl Subject for Lines {
    fn publisher(&self) -> Arc<dyn Publisher> {
        Arc::new(EventFile::new(self.path.clone()))
    }

    fn unreachable(&self) -> Arc<dyn Publisher> {
        Arc::new(EventFile::new(self.path.join("no/folder")))
    }

    async fn arrived(&self, count: usize) -> Vec<Value> {
        let since = Instant::now();
        loop {
            let text = std::fs::read_to_string(&self.path).unwrap_or_default();
            let taken = self.taken.load(Ordering::SeqCst);
            let new: Vec<_> = text.lines().skip(taken).collect();
            if new.len() >= count || since.elapsed() > Duration::from_secs(10) {
                self.taken.store(taken + new.len(), Ordering::SeqCst);
                let parse = |line: &str| serde_json::from_str(line).unwrap();
                return new.into_iter().map(parse).collect();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn secret(&self) -> Option<&str> {
        None
    }
}

#[tokio::test]
async fn the_file_is_a_publisher() {
    let home = TempDir::new().unwrap();
    let lines = Lines {
        path: home.path().join("events.jsonl"),
        taken: AtomicUsize::new(0),
    };
    events::conformance::check(&lines).await;
}

#[tokio::test]
async fn a_line_that_was_cut_off_spoils_no_other() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("events.jsonl");
    std::fs::write(&path, "{\"id\":\"01").unwrap();
    let event = events::conformance::sample(1, uuid::Uuid::new_v4(), &Value::Null);
    EventFile::new(path.clone()).publish(&event).await.unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, format!("{{\"id\":\"01\n{}\n", event.to_json()));
}

#[tokio::test]
async fn kept_columns_are_a_verifier() {
    approval::conformance::run(&KeptColumns).await;
}

async fn store(home: &TempDir) -> Arc<dyn store::Store> {
    let path = home.path().join("catalog.sqlite");
    backend::open(&Database::Sqlite { path }).await.unwrap()
}

/// About users who are not suspended, it decides like the engine behind it.
#[tokio::test(flavor = "multi_thread")]
async fn suspensions_are_an_authorizer() {
    let home = TempDir::new().unwrap();
    let store = store(&home).await;
    let suspended = "oidc~mallory".parse().unwrap();
    let engine = Arc::new(BuiltIn::new(Arc::clone(&store) as _));
    let engine: Arc<dyn Authorizer> = Arc::new(Suspensions::new([suspended], engine));
    let world = Arc::new(StoreWorld::new(store, vec![engine]));
    let effort = Effort {
        cases: 10,
        steps: 20,
        sparse: 5,
    };
    let scene = Arc::clone(&world) as Arc<_>;
    authz::conformance::any_history_is_decided_as_the_model_says(scene, effort).await;
    authz::conformance::a_change_counts_for_the_next_question(world.as_ref()).await;
    authz::conformance::nobody_may_nothing_and_the_catalog_everything(world.as_ref()).await;
}

#[tokio::test]
async fn whoever_is_suspended_may_nothing() {
    let everything = Arc::new(authz::AllowAll);
    let suspended = HashSet::from(["oidc~mallory".parse().unwrap()]);
    let suspensions = Suspensions::new(suspended, everything);
    let check = Check {
        action: Action::Server(ServerAction::ListProjects),
        resource: Resource::Server,
    };
    for (user, decision) in [
        ("oidc~mallory", Decision::Deny),
        ("oidc~alice", Decision::Allow),
    ] {
        let caller = authz::conformance::caller(&user.parse().unwrap());
        let decided = suspensions.decide(&caller, std::slice::from_ref(&check));
        assert_eq!(decided.await.unwrap(), [decision], "{user}");
    }
}
