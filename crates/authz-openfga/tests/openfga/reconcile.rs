//! Tests that OpenFGA and the database are compared, and made to agree.

use std::sync::Arc;

use authz::conformance::{Change, StoreWorld, World as _};
use authz_openfga::{Drift, OpenFgaConfig, OpenFgaError};
use model::{NamespaceId, Principal, ProjectId, Securable, WarehouseId};
use store::Store;

use crate::{engine, sqlite};
use authz_openfga::stand_in::Server;

/// Creates a project with a warehouse with this many namespaces.
async fn fill(store: &Arc<dyn Store>, namespaces: usize) -> Vec<Securable> {
    let world = StoreWorld::new(Arc::clone(store), Vec::new());
    let by = Principal::User("oidc~maker".parse().unwrap());
    let project = Securable::Project(ProjectId::generate());
    let warehouse = Securable::Warehouse(WarehouseId::generate());
    let mut made = vec![
        (project.clone(), Securable::Server),
        (warehouse.clone(), project),
    ];
    made.extend((0..namespaces).map(|_| {
        (
            Securable::Namespace(NamespaceId::generate()),
            warehouse.clone(),
        )
    }));
    for (what, within) in &made {
        let create = Change::Create {
            what: what.clone(),
            within: within.clone(),
            by: by.clone(),
        };
        world.apply(&create).await;
    }
    made.into_iter().map(|(what, _)| what).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_openfga_is_handed_over_by_migrate() {
    let (store, server) = (sqlite(), Server::in_memory());
    // Each has two tuples: what it lies in, and who owns it.
    let things = fill(&store, 150).await.len();
    let config = server.config();
    config.migrate(store.as_ref()).await.unwrap();
    let report = config.reconcile(store.as_ref(), Drift::Show).await.unwrap();
    assert_eq!(report.agree, 2 * things);
    assert_eq!((report.missing.len(), report.drift.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_interrupted_migrate_has_left_out_the_next_one_hands_over() {
    let (store, server) = (sqlite(), Server::in_memory());
    let things = fill(&store, 3).await.len();
    let config = server.config();
    // The interrupted migration has come as far as this.
    assert!(store.mirror_switch_on().await.unwrap());
    config.migrate(store.as_ref()).await.unwrap();
    let report = config.reconcile(store.as_ref(), Drift::Show).await.unwrap();
    assert_eq!((report.agree, report.missing.len()), (2 * things, 0));
    drop(engine(&config, &store).await);
    // A new store, in the place of one that was lost, is filled, too.
    let elsewhere = OpenFgaConfig {
        store: "elsewhere".to_owned(),
        ..config
    };
    elsewhere.migrate(store.as_ref()).await.unwrap();
    let report = elsewhere.reconcile(store.as_ref(), Drift::Show).await;
    assert_eq!(report.unwrap().agree, 2 * things);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_store_is_filled_and_what_is_too_much_goes_if_that_is_wanted() {
    let (store, other, server) = (sqlite(), sqlite(), Server::in_memory());
    let config = server.config();
    // Another catalog's tuples in the same store of OpenFGA are surplus for this one.
    let theirs = 2 * fill(&other, 3).await.len();
    config.migrate(other.as_ref()).await.unwrap();
    let elsewhere = OpenFgaConfig {
        store: "elsewhere".to_owned(),
        ..config.clone()
    };
    elsewhere.migrate(store.as_ref()).await.unwrap();
    let ours = 2 * fill(&store, 120).await.len();
    // This catalog's changes are handed over to another store, as before an operator has set up another OpenFGA.
    let handed_over = elsewhere.reconcile(store.as_ref(), Drift::Keep).await;
    assert_eq!(handed_over.unwrap().agree, ours);
    let shown = config.reconcile(store.as_ref(), Drift::Show).await.unwrap();
    assert_eq!(
        (shown.agree, shown.missing.len(), shown.drift.len()),
        (0, ours, theirs)
    );
    let again = config.reconcile(store.as_ref(), Drift::Show).await.unwrap();
    assert_eq!(shown, again, "showing changes nothing");
    let kept = config.reconcile(store.as_ref(), Drift::Keep).await.unwrap();
    assert_eq!((kept.missing.len(), kept.drift.len()), (ours, theirs));
    let deleted = config
        .reconcile(store.as_ref(), Drift::Delete)
        .await
        .unwrap();
    assert_eq!(
        (deleted.agree, deleted.missing.len(), deleted.drift.len()),
        (ours, 0, theirs)
    );
    let clean = config.reconcile(store.as_ref(), Drift::Show).await.unwrap();
    assert_eq!(
        (clean.agree, clean.missing.len(), clean.drift.len()),
        (ours, 0, 0)
    );
    drop(engine(&config, &store).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_been_told_all_does_not_decide() {
    let (store, server) = (sqlite(), Server::in_memory());
    fill(&store, 3).await;
    let config = server.config();
    config.migrate(store.as_ref()).await.unwrap();
    drop(engine(&config, &store).await);
    // As if another backend had decided for a while, and a migration had been interrupted after it switched the feed on.
    store.mirror_switch_off().await.unwrap();
    store.mirror_switch_on().await.unwrap();
    let refused = config.connect(Arc::clone(&store)).await.unwrap_err();
    assert!(matches!(refused, OpenFgaError::NotFed), "{refused}");
    config.migrate(store.as_ref()).await.unwrap();
    drop(engine(&config, &store).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_backend_leaves_no_feed_behind() {
    let (store, server) = (sqlite(), Server::in_memory());
    let config = server.config();
    config.migrate(store.as_ref()).await.unwrap();
    store.mirror_switch_off().await.unwrap();
    let things = fill(&store, 2).await.len();
    // No change was recorded while the feed was off, so the migration compares everything.
    config.migrate(store.as_ref()).await.unwrap();
    let report = config.reconcile(store.as_ref(), Drift::Show).await.unwrap();
    assert_eq!((report.agree, report.missing.len()), (2 * things, 0));
}
