//! Statements whose cost must not grow with the whole catalog, even where the planner has reason to choose such a
//! plan.

use std::sync::Arc;
use std::time::Duration;

use model::{NamespaceId, PageRequest, PageSize};
use store::{
    AtVersion, DropMode, Effects, Expiry, NamespaceDrop, Namespaces, SOFT_DELETION, SoftDeletions,
    SoftDrop, TaskFilter, TaskScope, Tasks, Undrop,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::catalog::{Catalog, NOW, connect, open};
use crate::plans::reads;

fn page() -> PageRequest {
    PageRequest {
        after: None,
        size: PageSize::clamped(10),
    }
}

/// How many rows and index entries `work` reads on new connections, once the planner has statistics.
async fn cost(catalog: Catalog, work: impl AsyncFnOnce(&Catalog)) -> i64 {
    let Catalog {
        store,
        warehouse,
        database,
    } = catalog;
    drop(store);
    let client = connect(database.url()).await;
    reads(&client).await;
    // The statistics of closed connections arrive a moment later.
    tokio::time::sleep(Duration::from_millis(500)).await;
    client.batch_execute("analyze").await.unwrap();
    let reset = "select pg_stat_reset()";
    client.query(reset, &[]).await.unwrap();
    let catalog = Catalog {
        store: Arc::new(open(&database).await),
        warehouse,
        database,
    };
    work(&catalog).await;
    drop(catalog.store);
    let (scanned, read) = reads(&client).await;
    scanned + read
}

/// Inserts `count` namespaces below `parent`, bypassing the store.
async fn many_in(client: &Client, parent: NamespaceId, count: i32) {
    let many = "insert into namespace (id, warehouse_id, parent_id, path, path_key, protected,
            version, created_at, properties)
        select gen_random_uuid(), warehouse_id, id, path || ('n' || number),
            path_key || chr(31) || 'n' || number, false, 1, 0, '{}'
        from namespace cross join generate_series(1, $2::integer) as number where id = $1";
    let made = client.execute(many, &[&parent.as_uuid(), &count]).await;
    made.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_a_namespace_is_listed_without_a_look_at_all_others() {
    let catalog = Catalog::new().await;
    let home = catalog.namespace("home").await;
    let client = catalog.behind().await;
    many_in(&client, home, 20_000).await;
    let leaf = "select id from namespace where parent_id is not null limit 1";
    let leaf: Uuid = client.query_one(leaf, &[]).await.unwrap().get(0);
    drop(client);
    let cost = cost(catalog, async |catalog| {
        let (store, leaf) = (&catalog.store, Some(leaf.into()));
        let within = store.namespace_list(catalog.warehouse, leaf, page()).await;
        assert_eq!(within.unwrap().items.len(), 0);
        let within = store.namespace_list(catalog.warehouse, Some(home), page());
        assert_eq!(within.await.unwrap().items.len(), 10);
    });
    let cost = cost.await;
    assert!(cost < 100, "{cost} rows and entries");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_comes_back_without_a_look_at_all_others() {
    const TREE: i32 = 200;
    let catalog = Catalog::new().await;
    let (home, others) = (
        catalog.namespace("home").await,
        catalog.namespace("others").await,
    );
    let client = catalog.behind().await;
    many_in(&client, home, TREE).await;
    many_in(&client, others, 20_000).await;
    drop(client);
    let id = catalog.table(home, "t").await;
    let tree = catalog.store.namespace_tree(catalog.warehouse, home).await;
    let row = catalog.store.namespace_load(catalog.warehouse, home).await;
    let dropped = NamespaceDrop {
        id: home,
        expected: row.unwrap().version,
        tree: tree.unwrap(),
        mode: DropMode::Soft(SoftDrop {
            at: NOW,
            expiry: Expiry::Keep,
        }),
        at: NOW,
    };
    let expiry = Effects {
        tasks: vec![catalog.task(SOFT_DELETION, id)],
        ..Effects::none()
    };
    let dropped = catalog.store.namespace_drop(dropped, expiry).await;
    dropped.unwrap();
    let cost = cost(catalog, async |catalog| {
        let found = catalog
            .store
            .deleted_find(catalog.warehouse, vec![id])
            .await;
        let undrop = Undrop {
            warehouse: catalog.warehouse,
            tabulars: vec![AtVersion::of(id, found.unwrap()[0].version)],
            at: NOW,
        };
        let undropped = catalog.store.undrop(undrop, Effects::none()).await;
        undropped.unwrap();
    });
    let cost = cost.await;
    assert!(cost < i64::from(20 * TREE), "{cost} rows and entries");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_tasks_are_listed_and_old_ones_trimmed_without_a_look_at_the_whole_log() {
    let catalog = Catalog::new().await;
    let client = catalog.behind().await;
    let log = "insert into task_log (task_id, queue, project_id, warehouse_id, payload, attempt,
            outcome, is_last, message, created_at, scheduled_for, progress, ended_at)
        select gen_random_uuid(), 'queue', project_id, id, '{}', 1, 'SUCCESS', true, '', 1, 1, 1, 1
        from warehouse cross join generate_series(1, 20000)";
    client.batch_execute(log).await.unwrap();
    drop(client);
    let cost = cost(catalog, async |catalog| {
        let scope = TaskScope::Warehouse(catalog.warehouse);
        let all = catalog
            .store
            .task_list(&scope, TaskFilter::default(), page());
        assert_eq!(all.await.unwrap().items.len(), 10);
        let waiting = TaskFilter {
            statuses: Some(vec![store::TaskStatus::Scheduled]),
            ..TaskFilter::default()
        };
        let waiting = catalog.store.task_list(&scope, waiting, page()).await;
        assert_eq!(waiting.unwrap().items.len(), 0);
        let trimmed = catalog.store.task_log_trim(None, NOW, 1_000).await;
        assert_eq!(trimmed.unwrap(), 0);
    });
    let cost = cost.await;
    assert!(cost < 100, "{cost} rows and entries");
}
