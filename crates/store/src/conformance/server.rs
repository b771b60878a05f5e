//! The installation itself.

use std::sync::Arc;

use model::{Privilege, Securable};

use super::fixture::{Catalog, Marks, NOW, given_by, giving, later, new_project, refused, user};
use crate::{Effects, Entity, Reopened, Store, StoreError};

pub async fn the_one_row_has_an_id_that_stays(store: &Arc<dyn Store>) {
    let first = store.server_load().await.unwrap();
    assert!(!first.id.as_uuid().is_nil());
    assert_eq!(first.bootstrapped_at, None);
    assert_eq!(store.server_load().await.unwrap(), first);
}

pub async fn bootstrap_happens_once(store: &Arc<dyn Store>) {
    let (first, second) = (Marks::without_task(), Marks::without_task());
    store
        .server_bootstrap(NOW, None, first.effects())
        .await
        .unwrap();
    first.are_there(store).await;
    let project = new_project();
    let again = store
        .server_bootstrap(later(1), Some(project.clone()), second.effects())
        .await;
    refused!(again, StoreError::AlreadyExists(Entity::Server));
    second.are_absent(store).await;
    refused!(
        store.project_load(&project.id).await,
        StoreError::NotFound(_)
    );
    let server = store.server_load().await.unwrap();
    assert_eq!(server.bootstrapped_at, Some(NOW));
}

pub async fn bootstrap_creates_the_default_project(store: &Arc<dyn Store>) {
    let project = new_project();
    store
        .server_bootstrap(NOW, Some(project.clone()), Effects::none())
        .await
        .unwrap();
    assert_eq!(store.project_load(&project.id).await.unwrap(), project);
}

pub async fn bootstrap_keeps_an_existing_project(store: &Arc<dyn Store>) {
    let mut project = new_project();
    store
        .project_create(project.clone(), Effects::none())
        .await
        .unwrap();
    "another name".clone_into(&mut project.name);
    store
        .server_bootstrap(NOW, Some(project.clone()), Effects::none())
        .await
        .unwrap();
    let kept = store.project_load(&project.id).await.unwrap();
    assert_eq!(kept.name, "project");
}

pub async fn one_that_is_opened_again_is_bootstrapped_once_more(store: &Arc<dyn Store>) {
    assert_eq!(
        store.server_reopen_bootstrap().await.unwrap(),
        Reopened::WasOpen
    );
    store
        .server_bootstrap(NOW, None, Effects::none())
        .await
        .unwrap();
    let catalog = Catalog::new(store).await;
    let before = store.server_load().await.unwrap();
    for expected in [Reopened::Now, Reopened::WasOpen] {
        assert_eq!(store.server_reopen_bootstrap().await.unwrap(), expected);
        let now = store.server_load().await.unwrap();
        assert_eq!((now.id, now.bootstrapped_at), (before.id, None));
    }
    let version = async || {
        let row = store.warehouse_load(catalog.warehouse).await;
        row.unwrap().grants
    };
    let was = version().await;
    let ada = user(store, "oidc~ada").await;
    let admin = giving(Securable::Server, &ada, Privilege::Operator);
    let again = store.server_bootstrap(later(1), None, admin).await;
    again.unwrap();
    assert_eq!(
        given_by(store, &Securable::Server).await,
        [(ada, Privilege::Operator)]
    );
    assert!(version().await > was, "it counts in what is there");
    let third = store.server_bootstrap(later(2), None, Effects::none());
    refused!(third.await, StoreError::AlreadyExists(Entity::Server));
}

pub async fn of_concurrent_bootstraps_one_wins(store: &Arc<dyn Store>) {
    let tries: Vec<_> = (0..8)
        .map(|n| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let project = Some(new_project());
                store
                    .server_bootstrap(later(n), project, Effects::none())
                    .await
            })
        })
        .collect();
    let mut won = 0;
    for one in tries {
        match one.await.unwrap() {
            Ok(()) => won += 1,
            Err(StoreError::AlreadyExists(Entity::Server)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(won, 1);
}
