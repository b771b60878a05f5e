//! Against a real OpenFGA.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "these are tests"
)]

mod failure;
mod growth;
mod reconcile;

use std::sync::Arc;

use authz::Authorizer;
use authz::conformance::{self, Effort, StoreWorld};
use authz_openfga::OpenFgaConfig;
use authz_openfga::stand_in::Server;
use store::Store;
use store_postgres::{PostgresConfig, PostgresStore, TemporaryDatabase};
use store_sqlite::SqliteStore;

fn sqlite() -> Arc<dyn Store> {
    Arc::new(SqliteStore::temporary().unwrap())
}

async fn database() -> TemporaryDatabase {
    let url = std::env::var("LAKEKEEPER_TEST_PG_URL");
    let url = url.expect("set LAKEKEEPER_TEST_PG_URL, or run tests/with-services");
    TemporaryDatabase::create(&url).await.unwrap()
}

async fn postgres(database: &TemporaryDatabase) -> Arc<dyn Store> {
    let config = PostgresConfig::new(database.url());
    Arc::new(PostgresStore::connect(config).await.unwrap())
}

async fn engine(config: &OpenFgaConfig, store: &Arc<dyn Store>) -> Arc<dyn Authorizer> {
    Arc::new(config.connect(Arc::clone(store)).await.unwrap())
}

/// A world with one replica.
async fn world(server: &Server, store: &Arc<dyn Store>) -> Arc<StoreWorld> {
    let config = server.config();
    config.migrate(store.as_ref()).await.unwrap();
    let engines = vec![engine(&config, store).await];
    Arc::new(StoreWorld::new(Arc::clone(store), engines))
}

#[tokio::test(flavor = "multi_thread")]
async fn any_history_is_decided_as_the_model_says_in_memory() {
    let server = Server::in_memory();
    let effort = Effort {
        cases: 6,
        steps: 14,
        sparse: 40,
    };
    let world = world(&server, &sqlite()).await;
    conformance::any_history_is_decided_as_the_model_says(world, effort).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_history_is_decided_alike_by_two_replicas_on_postgres() {
    let (ours, theirs) = (database().await, database().await);
    let server = Server::on_postgres(theirs.url());
    // Batches of a size that leaves a rest.
    let config = OpenFgaConfig {
        max_batch_checks: 17.try_into().unwrap(),
        ..server.config()
    };
    let stores = [postgres(&ours).await, postgres(&ours).await];
    config.migrate(stores[0].as_ref()).await.unwrap();
    let engines = vec![
        engine(&config, &stores[0]).await,
        engine(&config, &stores[1]).await,
    ];
    let world = Arc::new(StoreWorld::new(Arc::clone(&stores[0]), engines));
    conformance::a_change_counts_for_the_next_question(world.as_ref()).await;
    let effort = Effort {
        cases: 3,
        steps: 12,
        sparse: 60,
    };
    conformance::any_history_is_decided_as_the_model_says(world, effort).await;
}

#[tokio::test]
async fn a_change_counts_for_the_next_question() {
    let server = Server::in_memory();
    let world = world(&server, &sqlite()).await;
    conformance::a_change_counts_for_the_next_question(world.as_ref()).await;
}

#[tokio::test]
async fn nobody_may_nothing_and_the_catalog_everything() {
    let server = Server::in_memory();
    let world = world(&server, &sqlite()).await;
    conformance::nobody_may_nothing_and_the_catalog_everything(world.as_ref()).await;
}
