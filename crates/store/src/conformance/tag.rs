//! Tags: their attachments to things.

use std::sync::Arc;

use model::{
    EventKind, NamespaceId, PageRequest, PageSize, TabularKind, TagDefinitionId, TagId, TagScope,
    TagTarget, Timestamp, Version, WarehouseId,
};

use super::fixture::{Catalog, Marks, event, later, name, new_generic_table, new_view, refused};
use super::race;
use crate::{
    AtVersion, AttachedTag, Effects, Entity, NamespaceDrop, NewTag, Store, StoreError,
    TabularRename, TagFilter, TagReach,
};

/// The limit on the tags of one thing in these cases.
const MOST: u32 = 3;

impl Catalog {
    fn attachment(&self, definition: TagDefinitionId, target: TagTarget, value: &str) -> NewTag {
        NewTag {
            id: TagId::generate(),
            definition,
            warehouse: self.warehouse,
            target,
            value: Some(value.to_owned()),
            at: later(1),
        }
    }

    async fn attach(&self, definition: TagDefinitionId, target: TagTarget, value: &str) {
        let tag = self.attachment(definition, target, value);
        self.store
            .tag_attach(tag, MOST, Effects::none())
            .await
            .unwrap();
    }

    async fn tags(&self, target: TagTarget, reach: TagReach) -> Vec<AttachedTag> {
        let at = (self.warehouse, target);
        self.store.tag_list(at, reach).await.unwrap()
    }

    /// The name and value of each tag that is attached directly to this.
    async fn direct(&self, target: TagTarget) -> Vec<(String, String)> {
        let tags = self.tags(target, TagReach::Direct).await.into_iter();
        tags.map(|tag| (tag.name, tag.value.unwrap_or_default()))
            .collect()
    }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A namespace, and one target of each kind.
async fn things(catalog: &Catalog) -> (NamespaceId, [TagTarget; 6]) {
    let namespace = catalog.namespace(&["ns"]).await;
    let table = catalog.table(namespace, "t").await;
    let (view, generic) = (new_view(namespace, "v"), new_generic_table(namespace, "g"));
    let (view_id, generic_id) = (view.id, generic.id);
    catalog.create(view).await.unwrap();
    catalog.create(generic).await.unwrap();
    let all = [
        TagTarget::Warehouse,
        TagTarget::Namespace(namespace),
        TagTarget::Tabular(TabularKind::Table, table),
        TagTarget::Tabular(TabularKind::View, view_id),
        TagTarget::Tabular(TabularKind::GenericTable, generic_id),
        TagTarget::Column(table, 7),
    ];
    (namespace, all)
}

pub async fn a_tag_is_attached_valued_and_detached(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (_, all) = things(&catalog).await;
    let tag = catalog.tag("Tag").await;
    let other = catalog.tag("a.other").await;
    for target in all {
        let marks = Marks::of(catalog.warehouse);
        let first = catalog.attachment(tag, target, "one");
        store
            .tag_attach(first.clone(), MOST, marks.effects())
            .await
            .unwrap();
        marks.are_there(store).await;
        let attached = AttachedTag {
            definition: tag,
            name: "Tag".to_owned(),
            target,
            value: Some("one".to_owned()),
            created_at: later(1),
            updated_at: None,
        };
        assert_eq!(
            catalog.tags(target, TagReach::Direct).await,
            std::slice::from_ref(&attached)
        );
        let second = NewTag {
            value: None,
            at: later(5),
            ..catalog.attachment(tag, target, "")
        };
        store
            .tag_attach(second, MOST, Effects::none())
            .await
            .unwrap();
        let changed = AttachedTag {
            value: None,
            updated_at: Some(later(5)),
            ..attached
        };
        assert_eq!(catalog.tags(target, TagReach::Direct).await, [changed]);
        let page = PageRequest::FIRST;
        let places = store.tag_attachments(tag, TagFilter::default(), page).await;
        assert_eq!(places.unwrap().items[0].id, first.id);
        catalog.attach(other, target, "x").await;
        let expected = [pair("a.other", "x"), pair("Tag", "")];
        assert_eq!(catalog.direct(target).await, expected);
        let at = (catalog.warehouse, target);
        store.tag_detach(tag, at, Effects::none()).await.unwrap();
        let marks = Marks::of(catalog.warehouse);
        refused!(
            store.tag_detach(tag, at, marks.effects()).await,
            StoreError::NotFound(Entity::TagDefinition(it)) if it == tag
        );
        marks.are_absent(store).await;
        assert_eq!(catalog.direct(target).await, [pair("a.other", "x")]);
    }
}

pub async fn what_is_not_there_gets_no_tag(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = catalog.other("other").await;
    let (namespace, all) = things(&catalog).await;
    let tag = catalog.tag("tag").await;
    for target in all.into_iter().skip(1) {
        let elsewhere = other.attachment(tag, target, "x");
        let refused = store.tag_attach(elsewhere, MOST, Effects::none()).await;
        refused!(
            refused,
            StoreError::NotFound(Entity::Namespace(_) | Entity::Tabular(_))
        );
        let at = (other.warehouse, target);
        let detached = store.tag_detach(tag, at, Effects::none()).await;
        refused!(detached, StoreError::NotFound(_));
    }
    let TagTarget::Tabular(_, table) = all[2] else {
        unreachable!()
    };
    let no_view = catalog.attachment(tag, TagTarget::Tabular(TabularKind::View, table), "x");
    refused!(
        store.tag_attach(no_view, MOST, Effects::none()).await,
        StoreError::NotFound(Entity::Tabular(_))
    );
    let nowhere = NewTag {
        warehouse: WarehouseId::generate(),
        ..catalog.attachment(tag, TagTarget::Warehouse, "x")
    };
    refused!(
        store.tag_attach(nowhere, MOST, Effects::none()).await,
        StoreError::NotFound(Entity::Warehouse(_))
    );
    let unknown = catalog.attachment(
        TagDefinitionId::generate(),
        TagTarget::Namespace(namespace),
        "x",
    );
    refused!(
        store.tag_attach(unknown, MOST, Effects::none()).await,
        StoreError::NotFound(Entity::TagDefinition(_))
    );
}

pub async fn of_many_attached_at_once_as_many_stay_as_allowed(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (_, all) = things(&catalog).await;
    let mut definitions = Vec::new();
    for tag in 0..10 {
        definitions.push(catalog.tag(&format!("t{tag}")).await);
    }
    for target in all {
        let results = race::all(definitions.iter().map(|definition| {
            let tag = catalog.attachment(*definition, target, "x");
            let store = Arc::clone(store);
            async move { store.tag_attach(tag, MOST, Effects::none()).await }
        }))
        .await;
        let refused = results.iter().filter_map(|result| result.as_ref().err());
        for error in refused {
            let scope = target.scope();
            let expected =
                matches!(error, StoreError::TooManyTags { scope: it, most: MOST } if *it == scope);
            assert!(expected, "{error}");
        }
        let there = catalog.tags(target, TagReach::Direct).await;
        let made = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!((made, there.len()), (3, 3));
        // An attached tag can get another value even if the limit is lower by now.
        let again = catalog.attachment(there[0].definition, target, "y");
        store.tag_attach(again, 1, Effects::none()).await.unwrap();
        let is_absent = |id: &&TagDefinitionId| there.iter().all(|tag| tag.definition != **id);
        let other = *definitions.iter().find(is_absent).unwrap();
        let other = || catalog.attachment(other, target, "x");
        let marks = Marks::of(catalog.warehouse);
        refused!(
            store.tag_attach(other(), MOST, marks.effects()).await,
            StoreError::TooManyTags { .. }
        );
        marks.are_absent(store).await;
        let (first, at) = (there[0].definition, (catalog.warehouse, target));
        store.tag_detach(first, at, Effects::none()).await.unwrap();
        store
            .tag_attach(other(), MOST, Effects::none())
            .await
            .unwrap();
    }
}

pub async fn tags_go_down_and_the_nearest_wins(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let outer = catalog.namespace(&["a"]).await;
    let inner = catalog.namespace(&["a", "b"]).await;
    let beside = catalog.namespace(&["a", "c"]).await;
    let table = catalog.table(inner, "t").await;
    let [everywhere, near, own, aside] = ["everywhere", "near", "own", "aside"];
    let everywhere = catalog.tag(everywhere).await;
    let (near, own) = (catalog.tag(near).await, catalog.tag(own).await);
    let aside = catalog.tag(aside).await;
    let table_target = TagTarget::Tabular(TabularKind::Table, table);
    for (tag, target, value) in [
        (everywhere, TagTarget::Warehouse, "warehouse"),
        (near, TagTarget::Warehouse, "warehouse"),
        (near, TagTarget::Namespace(outer), "outer"),
        (near, TagTarget::Namespace(inner), "inner"),
        (own, TagTarget::Namespace(outer), "outer"),
        (own, table_target, "table"),
        (aside, TagTarget::Namespace(beside), "beside"),
        (aside, TagTarget::Column(table, 1), "column"),
    ] {
        catalog.attach(tag, target, value).await;
    }
    let effective = async |target, namespace| {
        let tags = catalog.tags(target, TagReach::Effective(namespace)).await;
        let tags = tags.into_iter();
        tags.map(|tag| (tag.name, tag.value.unwrap(), tag.target))
            .collect::<Vec<_>>()
    };
    let from = |name: &str, value: &str, target| (name.to_owned(), value.to_owned(), target);
    let everywhere = from("everywhere", "warehouse", TagTarget::Warehouse);
    assert_eq!(
        effective(table_target, Some(inner)).await,
        [
            everywhere.clone(),
            from("near", "inner", TagTarget::Namespace(inner)),
            from("own", "table", table_target),
        ]
    );
    assert_eq!(
        effective(TagTarget::Namespace(outer), Some(outer)).await,
        [
            everywhere.clone(),
            from("near", "outer", TagTarget::Namespace(outer)),
            from("own", "outer", TagTarget::Namespace(outer)),
        ]
    );
    assert_eq!(
        effective(TagTarget::Warehouse, None).await,
        [everywhere, from("near", "warehouse", TagTarget::Warehouse)]
    );
    assert_eq!(catalog.direct(table_target).await, [pair("own", "table")]);
}

pub async fn tags_of_columns_are_told_by_field_id(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (_, all) = things(&catalog).await;
    let TagTarget::Tabular(_, table) = all[2] else {
        unreachable!()
    };
    let (b, a) = (catalog.tag("b").await, catalog.tag("a").await);
    for (tag, target) in [
        (b, TagTarget::Column(table, 10)),
        (b, TagTarget::Column(table, 9)),
        (a, TagTarget::Column(table, 10)),
        (a, all[2]),
    ] {
        catalog.attach(tag, target, "x").await;
    }
    let found = store
        .tag_list_of_columns(catalog.warehouse, table)
        .await
        .unwrap();
    let found: Vec<_> = found
        .into_iter()
        .map(|tag| (tag.name, tag.target))
        .collect();
    let expected = [("b", 9), ("a", 10), ("b", 10)];
    let expected = expected.map(|(name, id)| (name.to_owned(), TagTarget::Column(table, id)));
    assert_eq!(found, expected);
}

/// The targets of a tag, read in pages of two.
async fn told(
    catalog: &Catalog,
    tag: TagDefinitionId,
    filter: TagFilter,
) -> Vec<(WarehouseId, TagTarget)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let size = PageSize::clamped(2);
        let page = PageRequest { after, size };
        let page = catalog.store.tag_attachments(tag, filter.clone(), page);
        let page = page.await.unwrap();
        let items = page.items.into_iter();
        found.extend(items.map(|one| (one.warehouse, one.target)));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

pub async fn attachments_are_told_in_pages_and_by_filters(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let second = catalog.other("second").await;
    let (_, all) = things(&catalog).await;
    let (tag, unused) = (catalog.tag("tag").await, catalog.tag("unused").await);
    for (target, ms) in all.into_iter().zip(10..) {
        let new = NewTag {
            at: later(ms),
            ..catalog.attachment(tag, target, if ms == 11 { "y" } else { "x" })
        };
        store.tag_attach(new, MOST, Effects::none()).await.unwrap();
    }
    second.attach(tag, TagTarget::Warehouse, "x").await;
    let here = |target: &TagTarget| (catalog.warehouse, *target);
    let mut everything: Vec<_> = all.iter().map(here).collect();
    everything.push((second.warehouse, TagTarget::Warehouse));
    assert_eq!(told(&catalog, tag, TagFilter::default()).await, everything);
    let none = TagFilter::default;
    let at = |ms| Some(Timestamp::from_ms(later(ms).as_ms()));
    for (filter, expected) in [
        (
            TagFilter {
                value: Some("y".to_owned()),
                ..none()
            },
            vec![here(&all[1])],
        ),
        (
            TagFilter {
                value: Some("Y".to_owned()),
                ..none()
            },
            vec![],
        ),
        (
            TagFilter {
                scope: Some(TagScope::Column),
                ..none()
            },
            vec![here(&all[5])],
        ),
        (
            TagFilter {
                created_from: at(12),
                created_until: at(13),
                ..none()
            },
            vec![here(&all[2]), here(&all[3])],
        ),
        (
            TagFilter {
                warehouse: Some(second.warehouse),
                ..none()
            },
            vec![(second.warehouse, TagTarget::Warehouse)],
        ),
    ] {
        assert_eq!(
            told(&catalog, tag, filter.clone()).await,
            expected,
            "{filter:?}"
        );
    }
    let unused = store
        .tag_attachments(unused, none(), PageRequest::FIRST)
        .await;
    assert!(unused.unwrap().items.is_empty());
}

pub async fn a_definition_in_use_stays(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let tag = catalog.tag("tag").await;
    catalog.attach(tag, TagTarget::Warehouse, "x").await;
    let marks = Marks::of(catalog.warehouse);
    refused!(
        store.tag_definition_drop(tag, marks.effects()).await,
        StoreError::NotEmpty(Entity::TagDefinition(it)) if it == tag
    );
    marks.are_absent(store).await;
    let at = (catalog.warehouse, TagTarget::Warehouse);
    store.tag_detach(tag, at, Effects::none()).await.unwrap();
    store
        .tag_definition_drop(tag, marks.effects())
        .await
        .unwrap();
    marks.are_there(store).await;
    refused!(
        store.tag_definition_drop(tag, Effects::none()).await,
        StoreError::NotFound(Entity::TagDefinition(it)) if it == tag
    );
}

pub async fn tags_follow_a_rename_and_go_with_what_they_are_attached_to(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (namespace, all) = things(&catalog).await;
    let tag = catalog.tag("tag").await;
    for target in all {
        catalog.attach(tag, target, "x").await;
    }
    let TagTarget::Tabular(_, table) = all[2] else {
        unreachable!()
    };
    let elsewhere = catalog.namespace(&["elsewhere"]).await;
    let rename = TabularRename {
        id: table,
        expected: catalog.version(table).await,
        namespace: elsewhere,
        found_at: None,
        name: name("renamed"),
        at: later(7),
    };
    store.tabular_rename(rename, Effects::none()).await.unwrap();
    assert_eq!(catalog.direct(all[2]).await, [pair("tag", "x")]);
    assert_eq!(catalog.direct(all[5]).await, [pair("tag", "x")]);
    let dropped = AtVersion::of(table, catalog.version(table).await);
    store.tabular_drop(dropped, Effects::none()).await.unwrap();
    assert!(catalog.direct(all[2]).await.is_empty());
    assert!(catalog.direct(all[5]).await.is_empty());
    let drop = NamespaceDrop {
        mode: crate::DropMode::Hard,
        at: super::fixture::NOW,
        id: namespace,
        expected: Version::FIRST,
        tree: store
            .namespace_tree(catalog.warehouse, namespace)
            .await
            .unwrap(),
    };
    let told = Effects {
        events: vec![event(EventKind::DropNamespace, "ns")],
        ..Effects::none()
    };
    store.namespace_drop(drop, told).await.unwrap();
    let left = store
        .tag_attachments(tag, TagFilter::default(), PageRequest::FIRST)
        .await;
    let left: Vec<_> = left
        .unwrap()
        .items
        .into_iter()
        .map(|one| one.target)
        .collect();
    assert_eq!(left, [TagTarget::Warehouse]);
    let ours = store.namespace_tree(catalog.warehouse, elsewhere).await;
    let drop = NamespaceDrop {
        mode: crate::DropMode::Hard,
        at: super::fixture::NOW,
        id: elsewhere,
        expected: Version::FIRST,
        tree: ours.unwrap(),
    };
    store.namespace_drop(drop, Effects::none()).await.unwrap();
    let removed = store
        .warehouse_drop((catalog.warehouse, Version::FIRST), Effects::none())
        .await;
    removed.unwrap();
    store
        .tag_definition_drop(tag, Effects::none())
        .await
        .unwrap();
}
