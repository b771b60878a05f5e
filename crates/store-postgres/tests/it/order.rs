//! All transactions lock rows in the same order, so they do not deadlock.

use std::sync::Arc;

use model::{Principal, UserId, UserType};
use store::{UserRow, UserSource, Users};
use tokio_postgres::Client;

use crate::broken::waiting;
use crate::catalog::{Catalog, NOW};

async fn user(catalog: &Catalog) -> UserId {
    let id: UserId = "oidc~ada".parse().unwrap();
    let row = UserRow {
        id: id.clone(),
        name: "Ada".to_owned(),
        email: None,
        user_type: UserType::Human,
        source: UserSource::CreateEndpoint,
        created_at: NOW,
        updated_at: None,
    };
    catalog.store.user_create(row).await.unwrap();
    id
}

/// Writes a grant on the warehouse as the store does.
async fn give(client: &Client, catalog: &Catalog, user: &UserId) {
    let give = "insert into grant_entry (securable, principal, privilege, created_at, project_id,
            warehouse_id, path_key, is_live)
        select 'warehouse/' || id, $2, 'select', 0, project_id, id, '', true
        from warehouse where id = $1";
    let (on, to) = (catalog.warehouse.as_uuid(), Principal::User(user.clone()));
    let given = client.execute(give, &[&on, &to.to_string()]).await;
    assert_eq!(given.unwrap(), 1);
}

async fn version(client: &Client) -> i64 {
    let version = "select grants_version from warehouse";
    client.query_one(version, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forgets_a_user_waits_for_warehouses_before_it_holds_the_user() {
    let catalog = Catalog::new().await;
    let (other, eye) = (catalog.behind().await, catalog.behind().await);
    let ada = user(&catalog).await;
    give(&other, &catalog, &ada).await;
    let hold = "begin; select from warehouse for no key update";
    other.batch_execute(hold).await.unwrap();
    let (store, forgotten) = (Arc::clone(&catalog.store), ada.clone());
    let dropped = tokio::spawn(async move { store.user_drop(&forgotten).await });
    waiting(&eye, 1).await;
    // The next lock that the transaction of a new grant takes.
    let hold = "select from catalog_user for key share nowait; commit";
    other.batch_execute(hold).await.unwrap();
    dropped.await.unwrap().unwrap();
    assert!(catalog.store.user_load(&ada).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_is_given_at_the_last_moment_ends_with_it_everywhere() {
    let catalog = Catalog::new().await;
    let (other, eye) = (catalog.behind().await, catalog.behind().await);
    let ada = user(&catalog).await;
    let hold = "begin; select from catalog_user for key share";
    other.batch_execute(hold).await.unwrap();
    let (store, forgotten) = (Arc::clone(&catalog.store), ada.clone());
    let dropped = tokio::spawn(async move { store.user_drop(&forgotten).await });
    waiting(&eye, 1).await;
    give(&other, &catalog, &ada).await;
    other.batch_execute("commit").await.unwrap();
    let before = version(&eye).await;
    dropped.await.unwrap().unwrap();
    assert_eq!(
        version(&eye).await,
        before + 1,
        "what is kept of it counts no longer"
    );
    let left = "select count(*) from grant_entry";
    assert_eq!(eye.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}
