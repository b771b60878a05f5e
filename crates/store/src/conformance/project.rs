//! Projects: creation, lists and changes.

use std::sync::Arc;

use model::{PageRequest, PageSize, ProjectId, Version};

use super::fixture::{Catalog, Marks, new_project, refused};
use crate::{Effects, Entity, ProjectRow, Store, StoreError};

pub async fn what_was_created_is_loaded(store: &Arc<dyn Store>) {
    let marks = Marks::without_task();
    let named = ProjectRow {
        id: "Team-A_1".parse().unwrap(),
        name: "Ünïcödé 'quoted' \"name\" %_".to_owned(),
        ..new_project()
    };
    for project in [named, new_project()] {
        let effects = if project.name == "project" {
            Effects::none()
        } else {
            marks.effects()
        };
        store
            .project_create(project.clone(), effects)
            .await
            .unwrap();
        assert_eq!(store.project_load(&project.id).await.unwrap(), project);
    }
    marks.are_there(store).await;
}

pub async fn a_taken_id_is_refused(store: &Arc<dyn Store>) {
    let project = new_project();
    store
        .project_create(project.clone(), Effects::none())
        .await
        .unwrap();
    let marks = Marks::without_task();
    let twin = ProjectRow {
        name: "twin".to_owned(),
        ..project.clone()
    };
    let created = store.project_create(twin, marks.effects()).await;
    refused!(created, StoreError::AlreadyExists(Entity::Project(id)) if id == project.id);
    marks.are_absent(store).await;
    assert_eq!(store.project_load(&project.id).await.unwrap(), project);
}

pub async fn what_is_missing_is_not_found(store: &Arc<dyn Store>) {
    let (id, marks) = (ProjectId::generate(), Marks::without_task());
    refused!(store.project_load(&id).await, StoreError::NotFound(Entity::Project(it)) if it == id);
    let renamed = store.project_rename(&id, "name", marks.effects()).await;
    refused!(renamed, StoreError::NotFound(Entity::Project(it)) if it == id);
    let dropped = store.project_drop(&id, marks.effects()).await;
    refused!(dropped, StoreError::NotFound(Entity::Project(it)) if it == id);
    marks.are_absent(store).await;
}

pub async fn lists_are_cut_into_pages_by_id(store: &Arc<dyn Store>) {
    for id in ["b", "B", "a", "_", "c", "-"] {
        let id = id.parse().unwrap();
        let project = ProjectRow {
            id,
            ..new_project()
        };
        store
            .project_create(project, Effects::none())
            .await
            .unwrap();
    }
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let size = PageSize::clamped(2);
        let page = store
            .project_list(PageRequest { after, size })
            .await
            .unwrap();
        assert!(page.items.len() <= 2);
        ids.extend(page.items.iter().map(|project| project.id.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(ids, ["-", "B", "_", "a", "b", "c"]);
}

pub async fn a_rename_changes_the_name_only(store: &Arc<dyn Store>) {
    let (project, marks) = (new_project(), Marks::without_task());
    store
        .project_create(project.clone(), Effects::none())
        .await
        .unwrap();
    store
        .project_rename(&project.id, "new name", marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    let name = "new name".to_owned();
    let renamed = ProjectRow { name, ..project };
    assert_eq!(store.project_load(&renamed.id).await.unwrap(), renamed);
}

pub async fn a_project_with_warehouses_stays(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (early, late) = (Marks::without_task(), Marks::without_task());
    let dropped = store.project_drop(&catalog.project, early.effects()).await;
    refused!(dropped, StoreError::NotEmpty(Entity::Project(id)) if id == catalog.project);
    early.are_absent(store).await;
    store
        .warehouse_drop((catalog.warehouse, Version::FIRST), Effects::none())
        .await
        .unwrap();
    store
        .project_drop(&catalog.project, late.effects())
        .await
        .unwrap();
    late.are_there(store).await;
    refused!(
        store.project_load(&catalog.project).await,
        StoreError::NotFound(_)
    );
}
