//! Definitions of tags.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{
    PageRequest, PageSize, Privilege, ProjectId, Securable, TagDefinitionId, TagName, TagScope,
    Version,
};

use super::fixture::{
    Catalog, Marks, NOW, apply, given_by, giving, later, new_project, refused, user,
};
use crate::{Effects, Entity, Store, StoreError, TagDefinitionRow, TagValues};

fn tag_name(text: &str) -> TagName {
    TagName::parse(text).unwrap()
}

fn new_definition(project: &ProjectId, text: &str) -> TagDefinitionRow {
    TagDefinitionRow {
        id: TagDefinitionId::generate(),
        project: project.clone(),
        name: tag_name(text),
        description: Some("what 'it' means".to_owned()),
        scope: BTreeSet::from(TagScope::ALL),
        values: TagValues::FreeText,
        version: Version::FIRST,
        created_at: NOW,
        updated_at: None,
    }
}

impl Catalog {
    pub(super) async fn tag(&self, text: &str) -> TagDefinitionId {
        let row = new_definition(&self.project, text);
        let id = row.id;
        let created = self.store.tag_definition_create(row, Effects::none());
        created.await.unwrap();
        id
    }
}

pub async fn a_definition_is_kept_as_it_is(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let marks = Marks::without_task();
    let values = BTreeSet::from(["b", "a", "\"ü\""].map(str::to_owned));
    for (text, values) in [
        ("PII.Level", TagValues::Enumerated(values)),
        ("free", TagValues::FreeText),
        ("marker", TagValues::Marker),
    ] {
        let row = TagDefinitionRow {
            values,
            scope: BTreeSet::from([TagScope::Column, TagScope::GenericTable]),
            ..new_definition(&catalog.project, text)
        };
        let effects = match row.values {
            TagValues::Marker => marks.effects(),
            _ => Effects::none(),
        };
        let created = store.tag_definition_create(row.clone(), effects).await;
        created.unwrap();
        let other_case = tag_name(&text.to_uppercase());
        let found = store.tag_definition_find(&catalog.project, &other_case);
        for found in [
            found.await.unwrap(),
            store
                .tag_definition_load(&catalog.project, row.id)
                .await
                .unwrap(),
        ] {
            assert_eq!((found.id, found.name.as_str()), (row.id, text));
            assert_eq!(found.project, row.project);
            assert_eq!(found.description, row.description);
            assert_eq!((&found.scope, &found.values), (&row.scope, &row.values));
            assert_eq!((found.version, found.created_at), (Version::FIRST, NOW));
            assert_eq!(found.updated_at, None);
        }
    }
    marks.are_there(store).await;
}

pub async fn another_project_does_not_have_the_definition(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = new_project();
    let project = other.id.clone();
    store.project_create(other, Effects::none()).await.unwrap();
    let id = catalog.tag("t").await;
    refused!(
        store.tag_definition_load(&project, id).await,
        StoreError::NotFound(Entity::TagDefinition(it)) if it == id
    );
    let found = store.tag_definition_find(&project, &tag_name("t")).await;
    refused!(found, StoreError::NotFound(Entity::TagName(_)));
    let twin = new_definition(&project, "T");
    store
        .tag_definition_create(twin, Effects::none())
        .await
        .unwrap();
    let nowhere = new_definition(&ProjectId::generate(), "t");
    refused!(
        store.tag_definition_create(nowhere, Effects::none()).await,
        StoreError::NotFound(Entity::Project(_))
    );
}

pub async fn a_project_has_one_tag_of_a_name(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let marks = Marks::without_task();
    let id = catalog.tag("Pii").await;
    let twin = new_definition(&catalog.project, "PII");
    refused!(
        store
            .tag_definition_create(twin.clone(), marks.effects())
            .await,
        StoreError::AlreadyExists(Entity::TagName(_))
    );
    let same_id = TagDefinitionRow {
        id,
        ..new_definition(&catalog.project, "other")
    };
    refused!(
        store.tag_definition_create(same_id, marks.effects()).await,
        StoreError::AlreadyExists(Entity::TagDefinition(it)) if it == id
    );
    let second = catalog.tag("second").await;
    let mut row = store
        .tag_definition_load(&catalog.project, second)
        .await
        .unwrap();
    row.name = tag_name("pii");
    refused!(
        store.tag_definition_update(row, marks.effects()).await,
        StoreError::AlreadyExists(Entity::TagName(_))
    );
    marks.are_absent(store).await;
}

pub async fn definitions_are_listed_in_pages_by_folded_name(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    for text in ["b", "A", "ä", "c"] {
        catalog.tag(text).await;
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let size = PageSize::clamped(3);
        let page = PageRequest { after, size };
        let page = store
            .tag_definition_list(&catalog.project, page)
            .await
            .unwrap();
        found.extend(page.items.into_iter().map(|one| one.name.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, ["A", "b", "c", "ä"]);
}

pub async fn a_definition_changes_once_for_each_version(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let marks = Marks::without_task();
    let id = catalog.tag("before").await;
    let row = store
        .tag_definition_load(&catalog.project, id)
        .await
        .unwrap();
    let changed = TagDefinitionRow {
        name: tag_name("After"),
        description: None,
        scope: BTreeSet::from([TagScope::View]),
        values: TagValues::Enumerated(BTreeSet::from(["x".to_owned()])),
        updated_at: Some(later(9)),
        ..row.clone()
    };
    let updated = store
        .tag_definition_update(changed.clone(), marks.effects())
        .await;
    updated.unwrap();
    marks.are_there(store).await;
    let now = store
        .tag_definition_load(&catalog.project, id)
        .await
        .unwrap();
    assert_eq!((now.name.as_str(), now.description), ("After", None));
    assert_eq!((&now.scope, &now.values), (&changed.scope, &changed.values));
    assert_eq!(
        (now.version, now.updated_at),
        (row.version.next(), Some(later(9)))
    );
    refused!(
        store.tag_definition_update(row, Effects::none()).await,
        StoreError::Stale { .. }
    );
    let unknown = new_definition(&catalog.project, "unknown");
    refused!(
        store.tag_definition_update(unknown, Effects::none()).await,
        StoreError::NotFound(Entity::TagDefinition(_))
    );
}

pub async fn grants_on_a_definition_live_as_long_as_it(store: &Arc<dyn Store>) {
    let (ada, bob) = (user(store, "oidc~ada").await, user(store, "oidc~bob").await);
    for by_project in [false, true] {
        let project = new_project();
        let id = project.id.clone();
        store
            .project_create(project, Effects::none())
            .await
            .unwrap();
        let row = new_definition(&id, "tag");
        let (tag, on) = (row.id, Securable::TagDefinition(row.id));
        let owned = giving(on.clone(), &ada, Privilege::Ownership);
        store.tag_definition_create(row, owned).await.unwrap();
        let given = apply(store, &on, &[(&bob, Privilege::Ownership)], &[]).await;
        given.unwrap();
        let both = [ada.clone(), bob.clone()].map(|who| (who, Privilege::Ownership));
        assert_eq!(given_by(store, &on).await, both);
        if by_project {
            store.project_drop(&id, Effects::none()).await.unwrap();
        } else {
            let dropped = store.tag_definition_drop(tag, Effects::none()).await;
            dropped.unwrap();
        }
        assert!(given_by(store, &on).await.is_empty());
        let late = apply(store, &on, &[(&bob, Privilege::Ownership)], &[]).await;
        refused!(late, StoreError::NotFound(Entity::TagDefinition(it)) if it == tag);
    }
}
