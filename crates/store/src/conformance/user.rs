//! Users: creation, lists, searches and changes.

use std::sync::Arc;

use model::{PageRequest, PageSize, UserId, UserType};

use super::fixture::{NOW, later, refused};
use crate::{Entity, Store, StoreError, UserRow, UserSearch, UserSource};

fn user(id: &str, name: &str) -> UserRow {
    UserRow {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        email: None,
        user_type: UserType::Human,
        source: UserSource::ConfigCall,
        created_at: NOW,
        updated_at: None,
    }
}

async fn create(store: &Arc<dyn Store>, rows: Vec<UserRow>) {
    for row in rows {
        store.user_create(row).await.unwrap();
    }
}

fn ids(users: &[UserRow]) -> Vec<&str> {
    users.iter().map(|user| user.id.as_str()).collect()
}

pub async fn what_was_created_is_loaded(store: &Arc<dyn Store>) {
    let odd = "Ünïcödé 'quoted' \"name\" %_\\";
    let full = UserRow {
        email: Some("a@b.example".to_owned()),
        user_type: UserType::Application,
        source: UserSource::CreateEndpoint,
        updated_at: Some(later(1)),
        ..user("okta~a'b\"c", odd)
    };
    let longest = format!("oidc~{}", "x".repeat(model::Bounds::USER_ID_BYTES - 5));
    for row in [
        full,
        user("oidc~1", "Ada"),
        user(&longest, &"ß".repeat(256)),
    ] {
        store.user_create(row.clone()).await.unwrap();
        assert_eq!(store.user_load(&row.id).await.unwrap(), row);
    }
}

pub async fn a_known_id_is_refused(store: &Arc<dyn Store>) {
    let row = user("oidc~1", "Ada");
    create(
        store,
        vec![row.clone(), user("oidc~a", "A"), user("oidc~A", "B")],
    )
    .await;
    let twin = store.user_create(user("oidc~1", "Eve")).await;
    refused!(twin, StoreError::AlreadyExists(Entity::User(id)) if id == row.id);
    assert_eq!(store.user_load(&row.id).await.unwrap(), row);
}

pub async fn what_is_missing_is_not_found(store: &Arc<dyn Store>) {
    let id: UserId = "oidc~1".parse().unwrap();
    refused!(store.user_load(&id).await, StoreError::NotFound(Entity::User(it)) if it == id);
    let updated = store.user_update(user("oidc~1", "Ada")).await;
    refused!(updated, StoreError::NotFound(Entity::User(it)) if it == id);
    refused!(store.user_drop(&id).await, StoreError::NotFound(Entity::User(it)) if it == id);
}

pub async fn an_update_replaces_all_but_the_beginning(store: &Arc<dyn Store>) {
    create(store, vec![user("oidc~1", "Ada"), user("oidc~2", "Bob")]).await;
    let changed = UserRow {
        name: "Grace".to_owned(),
        email: Some("grace@navy.example".to_owned()),
        user_type: UserType::Application,
        source: UserSource::UpdateEndpoint,
        created_at: later(9),
        updated_at: Some(later(9)),
        ..user("oidc~1", "")
    };
    let expected = UserRow {
        created_at: NOW,
        ..changed.clone()
    };
    assert_eq!(store.user_update(changed).await.unwrap(), expected);
    assert_eq!(store.user_load(&expected.id).await.unwrap(), expected);
    let found = store
        .user_search(UserSearch::of("grace", 10))
        .await
        .unwrap();
    assert_eq!(ids(&found), ["oidc~1"]);
    let former = store.user_search(UserSearch::of("ada", 10)).await.unwrap();
    assert!(former.is_empty(), "{former:?}");
    let bob = store.user_load(&"oidc~2".parse().unwrap()).await.unwrap();
    assert_eq!(bob, user("oidc~2", "Bob"));
}

pub async fn a_dropped_one_is_forgotten(store: &Arc<dyn Store>) {
    create(store, vec![user("oidc~1", "Ada"), user("oidc~2", "Adam")]).await;
    store.user_drop(&"oidc~1".parse().unwrap()).await.unwrap();
    let found = store.user_search(UserSearch::of("ada", 10)).await.unwrap();
    assert_eq!(ids(&found), ["oidc~2"]);
    create(store, vec![user("oidc~1", "Ada again")]).await;
}

pub async fn lists_are_cut_into_pages_by_id_and_filtered_by_name(store: &Arc<dyn Store>) {
    let rows = [
        ("b~1", "ÉMILE"),
        ("b1~0", "émilie"),
        ("a~1", "Bob_1"),
        ("a~0", "Bob%1"),
        ("c~1", "bobby"),
        ("b~0", "Zoé"),
    ];
    let rows = rows.map(|(id, name)| user(id, name)).to_vec();
    create(store, rows).await;
    for (filter, expected) in [
        ("", vec!["a~0", "a~1", "b1~0", "b~0", "b~1", "c~1"]),
        ("émil", vec!["b1~0", "b~1"]),
        ("bob", vec!["a~0", "a~1", "c~1"]),
        ("b_1", vec!["a~1"]),
        ("%", vec!["a~0"]),
        ("nobody", vec![]),
    ] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let size = PageSize::clamped(2);
            let request = PageRequest { after, size };
            let page = store.user_list(filter, request).await.unwrap();
            assert!(page.items.len() <= 2);
            found.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(ids(&found), expected, "{filter}");
    }
}

pub async fn a_search_forgives_mistakes_and_puts_the_best_first(store: &Arc<dyn Store>) {
    let mail = |id, name, email: &str| UserRow {
        email: Some(email.to_owned()),
        ..user(id, name)
    };
    let many = (0..50).map(|n| user(&format!("oidc~n{n:02}"), &format!("Number {n}")));
    create(store, many.collect()).await;
    create(
        store,
        vec![
            mail("oidc~1", "Katherine Johnson", "kj@nasa.example"),
            mail("oidc~2", "Catherine Johnston", "cj@nasa.example"),
            mail("oidc~3", "Ünal Şahin", "unal@x.example"),
            mail("oidc~4", "build", "katherine@bots.example"),
        ],
    )
    .await;
    for (text, expected) in [
        ("katherine johnson", vec!["oidc~1", "oidc~2", "oidc~4"]),
        ("KATHRINE JONSON", vec!["oidc~1", "oidc~4", "oidc~2"]),
        ("kj@nasa.example", vec!["oidc~1", "oidc~4"]),
        ("CJ@NASA.EXAMPLE", vec!["oidc~2"]),
        ("oidc~3", vec!["oidc~3"]),
        ("ünal", vec!["oidc~3"]),
        ("example", vec![]),
        ("", vec![]),
    ] {
        let found = store.user_search(UserSearch::of(text, 10)).await.unwrap();
        assert_eq!(ids(&found), expected, "{text}");
    }
    let found = store
        .user_search(UserSearch::of("number", 3))
        .await
        .unwrap();
    assert_eq!(ids(&found), ["oidc~n00", "oidc~n01", "oidc~n10"]);
}

pub async fn a_character_that_cannot_be_kept_is_no_fault_of_the_store(store: &Arc<dyn Store>) {
    let created = store.user_create(user("oidc~1", "A\0da")).await;
    let found = store.user_search(UserSearch::of("a\0da", 10)).await;
    let listed = store.user_list("a\0", PageRequest::FIRST).await;
    let refused = [created.err(), found.err(), listed.err()];
    for error in refused.into_iter().flatten() {
        assert!(matches!(error, StoreError::Unstorable(_)), "{error}");
        assert!(error.changed_nothing());
    }
}
