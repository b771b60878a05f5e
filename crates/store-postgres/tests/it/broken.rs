//! Connections that break and callers that go away.

use std::sync::Arc;
use std::time::Duration;

use model::{TabularId, Version};
use store::{
    AtVersion, Effects, Expiry, Outbox, Protection, ResolveKey, ResolveTarget, Resolver,
    SoftDeletions, SoftDrop, StoreError, Tabulars,
};
use tokio_postgres::Client;

use crate::catalog::{Catalog, NOW, connect, effects};

/// Locks a table's row until the client ends its transaction.
async fn hold(client: &Client, id: TabularId) {
    client.batch_execute("begin").await.unwrap();
    let hold = "select id from tabular where id = $1 for update";
    client.query(hold, &[&id.as_uuid()]).await.unwrap();
}

/// Waits until `count` statements of other connections wait for a lock; returns their processes.
pub(crate) async fn waiting(client: &Client, count: usize) -> Vec<i32> {
    let blocked = "select pid from pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock'";
    for _ in 0..500 {
        let rows = client.query(blocked, &[]).await.unwrap();
        if rows.len() >= count {
            return rows.iter().map(|row| row.get(0)).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits");
}

/// If a namespace is dropped while its last table expires, the second attempt of the expiry removes the namespace
/// too.
#[tokio::test(flavor = "multi_thread")]
async fn an_expiry_that_a_drop_of_the_namespace_has_overtaken_is_tried_again() {
    let catalog = Catalog::new().await;
    let ns = catalog.namespace("ns").await;
    let id = catalog.table(ns, "t").await;
    let how = SoftDrop {
        at: NOW,
        expiry: Expiry::Keep,
    };
    let at = AtVersion::of(
        id,
        catalog
            .store
            .tabular_load(catalog.warehouse, id)
            .await
            .unwrap()
            .version,
    );
    let dropped = catalog.store.soft_drop(at, how, Effects::none()).await;
    dropped.unwrap();
    let at = AtVersion::of(id, at.version.next());
    let (other, eye) = (
        connect(catalog.database.url()).await,
        connect(catalog.database.url()).await,
    );
    hold(&other, id).await;
    let store = Arc::clone(&catalog.store);
    let expiry = tokio::spawn(async move { store.deleted_expire(at, Effects::none()).await });
    waiting(&eye, 1).await;
    let drop = "update namespace set dropped_with = id where id = $1";
    other.execute(drop, &[&ns.as_uuid()]).await.unwrap();
    other.batch_execute("commit").await.unwrap();
    let overtaken = expiry.await.unwrap();
    assert!(
        matches!(overtaken, Err(StoreError::Stale { .. })),
        "{overtaken:?}"
    );
    let again = catalog.store.deleted_expire(at, Effects::none()).await;
    again.unwrap();
    let left = "select count(*) from namespace";
    assert_eq!(eye.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

async fn terminate(client: &Client, pids: &[i32]) {
    let kill = "select pg_terminate_backend(pid) from unnest($1::integer[]) as pid";
    client.query(kill, &[&pids]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_while_committing_leaves_the_outcome_unknown() {
    let catalog = Arc::new(Catalog::new().await);
    let id = catalog.table(catalog.namespace("ns").await, "t").await;
    let (holder, eye) = (catalog.behind().await, catalog.behind().await);
    hold(&holder, id).await;
    let committing = tokio::spawn({
        let catalog = Arc::clone(&catalog);
        async move { catalog.swap(id).await }
    });
    let pids = waiting(&eye, 1).await;
    terminate(&eye, &pids).await;
    let ended = committing.await.unwrap();
    assert!(
        matches!(ended, Err(StoreError::OutcomeUnknown(_))),
        "{ended:?}"
    );
    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(catalog.version(id).await, Version::FIRST);
    assert!(catalog.store.outbox_read(0, 10).await.unwrap().is_empty());
    catalog.swap(id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_before_commit_was_sent_has_changed_nothing() {
    let catalog = Arc::new(Catalog::new().await);
    let id = catalog.table(catalog.namespace("ns").await, "t").await;
    let (holder, eye) = (catalog.behind().await, catalog.behind().await);
    hold(&holder, id).await;
    let changing = tokio::spawn({
        let store = Arc::clone(&catalog.store);
        let at = AtVersion::of(id, Version::FIRST);
        async move {
            store
                .tabular_protect(at, Protection::On, NOW, effects())
                .await
        }
    });
    let pids = waiting(&eye, 1).await;
    terminate(&eye, &pids).await;
    let ended = changing.await.unwrap();
    assert!(
        matches!(ended, Err(StoreError::Unavailable(_))),
        "{ended:?}"
    );
    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(catalog.version(id).await, Version::FIRST);
}

#[tokio::test(flavor = "multi_thread")]
async fn look_ups_and_changes_go_on_after_all_connections_broke() {
    let catalog = Catalog::new().await;
    let id = catalog.table(catalog.namespace("ns").await, "t").await;
    let eye = catalog.behind().await;
    for _ in 0..3 {
        let kill = "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()";
        eye.query(kill, &[]).await.unwrap();
        let key = ResolveKey {
            warehouse: catalog.warehouse,
            target: ResolveTarget::Warehouse,
        };
        let found = catalog.store.resolve(vec![key]).await.unwrap();
        assert!(found[0].warehouse.is_some());
        // It takes a moment until the pool notices that the connection is closed.
        tokio::time::sleep(Duration::from_millis(200)).await;
        catalog.swap(id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_too_long_is_an_unavailable_database() {
    let catalog = Catalog::new().await;
    let id = catalog.table(catalog.namespace("ns").await, "t").await;
    let holder = catalog.behind().await;
    let mut config = store_postgres::PostgresConfig::new(catalog.database.url());
    config.lock_timeout = Duration::from_millis(200);
    let store = store_postgres::PostgresStore::connect(config)
        .await
        .unwrap();
    let short = Catalog {
        store: Arc::new(store),
        ..catalog
    };
    hold(&holder, id).await;
    let ended = short.swap(id).await;
    assert!(
        matches!(ended, Err(StoreError::Unavailable(_))),
        "{ended:?}"
    );
    holder.batch_execute("rollback").await.unwrap();
    short.swap(id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_go_away_leave_no_open_transaction() {
    let catalog = Arc::new(Catalog::new().await);
    let namespace = catalog.namespace("ns").await;
    let id = catalog.table(namespace, "t").await;
    for round in 0..300_u64 {
        let caller = tokio::spawn({
            let catalog = Arc::clone(&catalog);
            async move {
                let version = catalog.version(id).await;
                let at = AtVersion::of(id, version);
                match round % 3 {
                    0 => drop(catalog.swap(id).await),
                    1 => {
                        let protected =
                            catalog
                                .store
                                .tabular_protect(at, Protection::Off, NOW, effects());
                        drop(protected.await);
                    }
                    _ => {
                        let new = crate::catalog::new_table(namespace, &format!("t{round}"));
                        let commit = catalog.commit(vec![new], Vec::new());
                        drop(catalog.store.tabular_commit(commit, effects()).await);
                    }
                }
            }
        });
        tokio::time::sleep(Duration::from_micros(round * 17 % 3_000)).await;
        caller.abort();
        let _ = caller.await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let eye = catalog.behind().await;
    let open = "select count(*) from pg_stat_activity where datname = current_database()
        and state like 'idle in transaction%'";
    assert_eq!(eye.query_one(open, &[]).await.unwrap().get::<_, i64>(0), 0);
    let locks = "select count(*) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())";
    assert_eq!(eye.query_one(locks, &[]).await.unwrap().get::<_, i64>(0), 0);
    catalog.swap(id).await.unwrap();
    let drop = catalog.store.tabular_drop(
        AtVersion::of(id, catalog.version(id).await),
        Effects::none(),
    );
    drop.await.unwrap();
}
