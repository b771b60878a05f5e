//! Claims of tasks among many scopes that wait for their turn.

use std::time::Duration;

use model::{ProjectId, Timestamp};
use store::{Lease, TaskRow, TaskScope, Tasks};
use store_postgres::PostgresStore;
use tokio_postgres::Client;

use crate::catalog::{Catalog, NOW, connect};
use crate::plans::reads;

const QUEUE: &str = "queue";

/// Creates `count` projects, each with a due task.
async fn holders(client: &Client, count: i64) {
    let make = "with new as (
            insert into project (id, name, created_at)
            select 'p' || lpad(number::text, 6, '0'), '', 0 from generate_series(1, $1::bigint) as number
            returning id
        ), turns as (
            insert into task_turn (project_id, queue, turn) select id, $2, 0 from new
        )
        insert into task (id, queue, project_id, subject, payload, created_at, scheduled_for, due_at)
        select gen_random_uuid(), $2, id, '', '{}', 0, 0, 0 from new";
    client.execute(make, &[&count, &QUEUE]).await.unwrap();
}

async fn claim(store: &PostgresStore) -> Option<TaskRow> {
    let lease = Lease {
        now: NOW,
        until: Timestamp::from_ms(i64::MAX),
    };
    store.task_claim(QUEUE, "w", lease).await.unwrap()
}

/// How many unclaimed tasks have a row that a transaction has locked.
async fn locked(client: &Client) -> i64 {
    let count = "select count(*) from task where worker is null and xmax <> 0::text::xid";
    client.query_one(count, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_locks_no_task_but_its_own() {
    let catalog = Catalog::new().await;
    let client = connect(catalog.database.url()).await;
    holders(&client, 500).await;
    for _ in 0..10 {
        assert!(claim(&catalog.store).await.is_some());
    }
    assert_eq!(locked(&client).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_change_at_this_moment_is_passed_over() {
    let catalog = Catalog::new().await;
    let (client, mut other) = (
        connect(catalog.database.url()).await,
        connect(catalog.database.url()).await,
    );
    holders(&client, 3).await;
    let change = other.transaction().await.unwrap();
    let hold = "select id from task where project_id <> 'p000003' for update";
    assert_eq!(change.query(hold, &[]).await.unwrap().len(), 2);
    let found = tokio::time::timeout(Duration::from_secs(5), claim(&catalog.store));
    let third: ProjectId = "p000003".parse().unwrap();
    assert_eq!(
        found.await.unwrap().unwrap().scope,
        TaskScope::Project(third)
    );
    assert_eq!(claim(&catalog.store).await, None);
    change.rollback().await.unwrap();
    assert!(claim(&catalog.store).await.is_some());
    assert!(claim(&catalog.store).await.is_some());
    assert_eq!(claim(&catalog.store).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_are_read_until_somebody_has_a_due_task() {
    const CLAIMS: usize = 50;
    let catalog = Catalog::new().await;
    // Plans the statements while the tables are nearly empty.
    assert_eq!(claim(&catalog.store).await, None);
    holders(&connect(catalog.database.url()).await, 2_000).await;
    // The statistics of a closed connection arrive a moment later.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let client = connect(catalog.database.url()).await;
    let reset = "select pg_stat_reset()";
    client.query(reset, &[]).await.unwrap();
    for _ in 0..CLAIMS {
        assert!(claim(&catalog.store).await.is_some());
    }
    let Catalog {
        store, database, ..
    } = catalog;
    drop(store);
    let (scanned, read) = reads(&client).await;
    assert!(scanned < 100, "{scanned} rows scanned");
    assert!(read < 5_000, "{read} index entries read");
    drop(client);
    drop(database);
}
