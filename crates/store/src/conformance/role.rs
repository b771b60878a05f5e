//! Roles: creation, lists, searches and changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{
    PageRequest, PageSize, Principal, Privilege, ProjectId, RoleId, RoleIdent, Securable, Version,
};

use super::fixture::{
    Catalog, NOW, given_by, given_to, giving, later, name, other_project, refused, user,
};
use super::race::all;
use crate::{
    Effects, Entity, Place, RoleChange, RoleFilter, RoleRow, RoleSearch, Store, StoreError,
};

pub(super) fn new_role(project: &ProjectId, text: &str) -> RoleRow {
    let id = RoleId::generate();
    RoleRow {
        id,
        project: project.clone(),
        ident: RoleIdent::new(RoleIdent::LAKEKEEPER, &id.to_string()).unwrap(),
        name: name(text),
        description: None,
        created_at: NOW,
        updated_at: None,
    }
}

pub(super) async fn role(store: &Arc<dyn Store>, project: &ProjectId, text: &str) -> RoleId {
    let role = new_role(project, text);
    let id = role.id;
    store.role_create(role, Effects::none()).await.unwrap();
    id
}

pub(super) async fn principals(
    store: &Arc<dyn Store>,
    of: &Principal,
    named: &[RoleIdent],
) -> BTreeSet<Principal> {
    let found = store.grants_principals(of, named).await.unwrap();
    assert_eq!(&found[0], of);
    let all: BTreeSet<_> = found.iter().cloned().collect();
    assert_eq!(all.len(), found.len(), "each once");
    all
}

async fn grants_version(catalog: &Catalog) -> Version {
    let places = [Place::Warehouse(catalog.warehouse)];
    let found = catalog.store.grants_on_paths(&[], &places).await;
    found.unwrap().remove(0).unwrap().version
}

pub async fn what_was_created_is_loaded(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let full = RoleRow {
        ident: RoleIdent::new("oidc", "Team Ä~1").unwrap(),
        description: Some("Who ünderstands".to_owned()),
        updated_at: Some(later(1)),
        ..new_role(&catalog.project, "Änalysts")
    };
    let ada = user(store, "oidc~ada").await;
    let on = Securable::Role(full.id);
    let owner = giving(on.clone(), &ada, Privilege::Ownership);
    store.role_create(full.clone(), owner).await.unwrap();
    let loaded = store.role_load(full.id).await.unwrap();
    assert_eq!(format!("{loaded:?}"), format!("{full:?}"));
    assert_eq!(
        given_by(store, &on).await,
        [(ada.clone(), Privilege::Ownership)]
    );
    let found = given_to(store, &catalog.project, &ada, 10).await;
    assert_eq!(found.len(), 1);
    let twin = |row: RoleRow| async { store.role_create(row, Effects::none()).await };
    let same_name = new_role(&catalog.project, "äNALYSTS");
    refused!(
        twin(same_name).await,
        StoreError::AlreadyExists(Entity::RoleName(_))
    );
    let same_ident = RoleRow {
        ident: full.ident.clone(),
        ..new_role(&catalog.project, "other")
    };
    refused!(
        twin(same_ident).await,
        StoreError::AlreadyExists(Entity::RoleIdent(_))
    );
    let same_id = RoleRow {
        id: full.id,
        ..new_role(&catalog.project, "other")
    };
    refused!(
        twin(same_id).await,
        StoreError::AlreadyExists(Entity::Role(_))
    );
    let homeless = new_role(&ProjectId::generate(), "other");
    refused!(
        twin(homeless).await,
        StoreError::NotFound(Entity::Project(_))
    );
    refused!(
        store.role_load(RoleId::generate()).await,
        StoreError::NotFound(Entity::Role(_))
    );
    // Names are unique per project only.
    let other = other_project(store).await;
    let elsewhere = RoleRow {
        id: RoleId::generate(),
        project: other.id,
        ..full
    };
    store.role_create(elsewhere, Effects::none()).await.unwrap();
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

/// The roles that match the filter, read in pages of two.
async fn listed(catalog: &Catalog, filter: &RoleFilter) -> Vec<RoleId> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let size = PageSize::clamped(2);
        let page = PageRequest { after, size };
        let page = catalog
            .store
            .role_list(&catalog.project, filter.clone(), page);
        let page = page.await.unwrap();
        found.extend(page.items.into_iter().map(|role| role.id));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

pub async fn lists_are_filtered_and_searches_forgive_mistakes(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = other_project(store).await;
    role(store, &other.id, "analysts").await;
    let mut ids = Vec::new();
    for (text, provider) in [
        ("Analysts", "oidc"),
        ("Analytics", "ldap"),
        ("Writers", "oidc"),
    ] {
        let row = RoleRow {
            ident: RoleIdent::new(provider, &format!("s-{text}")).unwrap(),
            ..new_role(&catalog.project, text)
        };
        ids.push(row.id);
        store.role_create(row, Effects::none()).await.unwrap();
    }
    ids.sort();
    let some = |ids: Option<&[RoleId]>, providers: &[&str], sources: &[&str]| RoleFilter {
        ids: ids.map(<[_]>::to_vec),
        providers: (!providers.is_empty()).then(|| texts(providers)),
        sources: (!sources.is_empty()).then(|| texts(sources)),
    };
    for (filter, expected) in [
        (RoleFilter::default(), 3),
        (some(Some(&[ids[1], RoleId::generate()]), &[], &[]), 1),
        (some(Some(&[]), &[], &[]), 0),
        (some(None, &["oidc"], &[]), 2),
        (some(None, &[], &["s-Writers", "x"]), 1),
        (some(None, &["ldap"], &["s-Writers"]), 0),
    ] {
        let found = listed(&catalog, &filter).await;
        assert!(found.is_sorted());
        assert_eq!(found.len(), expected, "{filter:?}");
    }
    for (text, expected) in [
        ("analyts", vec!["Analytics", "Analysts"]),
        ("OIDC~s-Writers", vec!["Writers"]),
        ("zzz", vec![]),
    ] {
        let search = RoleSearch::of(catalog.project.clone(), text, 10);
        let found = store.role_search(search).await.unwrap();
        let mut found: Vec<_> = found.iter().map(|role| role.name.as_str()).collect();
        let mut expected = expected;
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
    let search = RoleSearch::of(catalog.project.clone(), &ids[2].to_string(), 1);
    let found = store.role_search(search).await.unwrap();
    assert_eq!(found[0].id, ids[2]);
}

pub async fn an_update_replaces_what_it_is_called(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (first, second) = (
        new_role(&catalog.project, "first"),
        new_role(&catalog.project, "second"),
    );
    for row in [&first, &second] {
        store
            .role_create(row.clone(), Effects::none())
            .await
            .unwrap();
    }
    let change = async |id, change| {
        let updated = store.role_update(id, change, later(9), Effects::none());
        updated.await
    };
    let called = |text: &str| RoleChange::Called {
        name: name(text),
        description: Some("d".to_owned()),
    };
    let before = grants_version(&catalog).await;
    let renamed = change(first.id, called("FIRST")).await.unwrap();
    let expected = RoleRow {
        name: name("FIRST"),
        description: Some("d".to_owned()),
        updated_at: Some(later(9)),
        ..first.clone()
    };
    assert_eq!(format!("{renamed:?}"), format!("{expected:?}"));
    assert_eq!(grants_version(&catalog).await, before, "the same role");
    let ident = RoleIdent::new("oidc", "x").unwrap();
    let bound = RoleChange::Bound(ident.clone());
    let now = change(first.id, bound.clone()).await.unwrap();
    let expected = RoleRow { ident, ..expected };
    assert_eq!(format!("{now:?}"), format!("{expected:?}"));
    let loaded = store.role_load(first.id).await.unwrap();
    assert_eq!(format!("{loaded:?}"), format!("{expected:?}"));
    let stepped = before.next();
    assert_eq!(grants_version(&catalog).await, stepped, "another to tokens");
    change(first.id, bound).await.unwrap();
    assert_eq!(grants_version(&catalog).await, stepped, "the same again");
    for text in ["oidc~x", "first"] {
        let search = RoleSearch::of(catalog.project.clone(), text, 1);
        let found = store.role_search(search).await.unwrap();
        assert_eq!(found[0].id, first.id, "{text}");
    }
    let stranger = Principal::User("oidc~nobody".parse().unwrap());
    for (source, expected) in [("x", 2), (first.ident.source(), 1)] {
        let named = [RoleIdent::new("oidc", source).unwrap()];
        let found = principals(store, &stranger, &named).await;
        assert_eq!(found.len(), expected);
    }
    let taken = change(first.id, called("Second")).await;
    refused!(taken, StoreError::AlreadyExists(Entity::RoleName(_)));
    let taken = change(first.id, RoleChange::Bound(second.ident.clone())).await;
    refused!(taken, StoreError::AlreadyExists(Entity::RoleIdent(_)));
    assert_eq!(grants_version(&catalog).await, stepped, "all or nothing");
    for gone in [called("gone"), RoleChange::Bound(second.ident)] {
        let gone = change(RoleId::generate(), gone).await;
        refused!(gone, StoreError::NotFound(Entity::Role(_)));
    }
}

/// Two changes of the ident are two increments of the grants version; one, if the change back to the present ident
/// runs first, because that changes nothing.
pub async fn changes_at_once_are_all_made_and_counted(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let [here, there] = ["here", "there"].map(|source| RoleIdent::new("oidc", source).unwrap());
    let row = RoleRow {
        ident: here.clone(),
        ..new_role(&catalog.project, "role")
    };
    let id = row.id;
    store.role_create(row, Effects::none()).await.unwrap();
    let change = |change| {
        let store = Arc::clone(store);
        async move {
            let updated = store.role_update(id, change, later(1), Effects::none());
            updated.await.map(|_| ())
        }
    };
    for round in 0..40 {
        let text = format!("role {round}");
        let called = RoleChange::Called {
            name: name(&text),
            description: None,
        };
        let before = grants_version(&catalog).await;
        let bound = [there.clone(), here.clone()].map(RoleChange::Bound);
        for made in all(bound.into_iter().chain([called]).map(change)).await {
            made.unwrap();
        }
        let now = store.role_load(id).await.unwrap();
        assert_eq!(now.name.as_str(), text);
        let mut stepped = before.next();
        if now.ident == here {
            stepped = stepped.next();
        }
        assert_eq!(grants_version(&catalog).await, stepped, "{}", now.ident);
        change(RoleChange::Bound(here.clone())).await.unwrap();
    }
}
