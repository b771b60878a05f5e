//! The installation itself.

use std::sync::Arc;

use super::fixture::{Marks, NOW, later, new_project, refused};
use crate::{Effects, Entity, Store, StoreError};

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
