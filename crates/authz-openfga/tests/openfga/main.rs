//! Tests the authorizer with a real OpenFGA server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "these are tests"
)]

mod depth;
mod failure;
mod growth;
mod named_roles;
mod reconcile;

use std::sync::Arc;

use authz::conformance::{self, Change, Effort, Model, StoreWorld, World as _};
use authz::{Action, Authorizer, Check, Decision, NamespaceAction};
use authz_openfga::OpenFgaConfig;
use authz_openfga::stand_in::Server;
use model::{
    Caller, Grant, Identity, NamespaceId, Principal, Privilege, ProjectId, RoleId, Securable,
    UserId, WarehouseId,
};
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
    // A size of batches that the number of checks is not a multiple of.
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

/// The number of roles that OpenFGA knows of is not bounded; only that of the roles sent with a check is.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_very_many_roles_may_have_a_token_that_names_another_one() {
    let (server, store) = (Server::in_memory(), sqlite());
    let world = world(&server, &store).await;
    let ada: UserId = "oidc~ada".parse().unwrap();
    let project = Securable::Project(ProjectId::generate());
    let warehouse = Securable::Warehouse(WarehouseId::generate());
    let namespace = Securable::Namespace(NamespaceId::generate());
    let roles: Vec<RoleId> = (0..101).map(|_| RoleId::generate()).collect();
    let mut things = vec![
        (project.clone(), Securable::Server),
        (warehouse.clone(), project.clone()),
        (namespace.clone(), warehouse),
    ];
    things.extend(
        roles
            .iter()
            .map(|role| (Securable::Role(*role), project.clone())),
    );
    let mut changes: Vec<Change> = things
        .into_iter()
        .map(|(what, within)| Change::Create {
            what,
            within,
            by: Principal::User("oidc~maker".parse().unwrap()),
        })
        .collect();
    let joins = roles
        .iter()
        .map(|role| Change::Join(*role, Principal::User(ada.clone())));
    changes.extend(joins);
    changes.push(Change::Give(Grant {
        on: namespace.clone(),
        to: Principal::Role(roles[50]),
        privilege: Privilege::Select,
    }));
    let mut model = Model::default();
    for change in &changes {
        world.apply(change).await;
        model.apply(change);
    }
    let check = Check {
        action: Action::Namespace(NamespaceAction::ListTables),
        resource: model.resource(&namespace),
    };
    let caller = Caller::User(Arc::new(Identity {
        roles: Some(vec!["analysts".to_owned()]),
        ..Identity::of(ada)
    }));
    assert_eq!(world.decide(&caller, &[check]).await, [Decision::Allow]);
}
