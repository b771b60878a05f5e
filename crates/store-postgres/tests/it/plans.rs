//! The cost of statements in a large catalog.

use std::sync::Arc;
use std::time::Duration;

use model::{NamespaceId, PageRequest, PageSize, Securable, TabularId, TabularKind};
use store::{
    AtVersion, Effects, Expiry, Fact, Mirror, Namespaces, ObsoleteFiles, Protection, ResolveKey,
    ResolveTarget, Resolver, SOFT_DELETION, SoftDeletions, SoftDrop, Swap, TabularRename, Tabulars,
    Undrop,
};
use tokio_postgres::Client;

use crate::catalog::{Catalog, NOW, connect, effects, name, new_table, open, path};

const NAMESPACES: usize = 20;
const TABLES: usize = 500;
const KEYS: usize = 256;

/// How many rows the closed connections have read in scans of whole tables, and how many entries in indexes.
pub(crate) async fn reads(client: &Client) -> (i64, i64) {
    loop {
        let others = "select count(*) from pg_stat_activity where datname = current_database()
            and backend_type = 'client backend' and pid <> pg_backend_pid()";
        let others: i64 = client.query_one(others, &[]).await.unwrap().get(0);
        if others == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sums = "select
        (select sum(seq_tup_read)::bigint from pg_stat_user_tables where relname = any($1)),
        (select sum(idx_tup_read)::bigint from pg_stat_user_indexes where relname = any($1))";
    let tables = [
        "tabular",
        "tabular_former_location",
        "namespace",
        "warehouse",
        "project",
        "obsolete_file",
        "task",
        "task_log",
        "task_turn",
    ];
    let row = client.query_one(sums, &[&&tables[..]]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_of_an_empty_database_stay_good_when_it_grows() {
    let catalog = Catalog::new().await;
    let first = catalog.namespace("first").await;
    let table = catalog.table(first, "t0").await;
    // Plans every statement while the tables are nearly empty.
    each_statement(&catalog, "FIRST", first, table).await;
    let (namespace, id) = grow(&catalog).await;
    let client = connect(catalog.database.url()).await;
    let reset = "select pg_stat_reset()";
    client.query(reset, &[]).await.unwrap();
    each_statement(&catalog, "NS1", namespace, id).await;
    let Catalog {
        store, database, ..
    } = catalog;
    drop(store);
    let (scanned, read) = reads(&client).await;
    // The counts include some work from before the growth.
    assert!(scanned < 100, "{scanned} rows scanned");
    assert!(read < 7_500, "{read} index entries read");
    drop(client);
    drop(database);
}

/// Creates many tables through another store, and returns one of them with its namespace.
async fn grow(catalog: &Catalog) -> (NamespaceId, TabularId) {
    let filler = Catalog {
        store: Arc::new(open(&catalog.database).await),
        warehouse: catalog.warehouse,
        database: Arc::clone(&catalog.database),
    };
    let mut last = None;
    for number in 0..NAMESPACES {
        let namespace = filler.namespace(&format!("ns{number}")).await;
        let new: Vec<_> = (0..TABLES)
            .map(|table| new_table(namespace, &format!("t{table}")))
            .collect();
        if number == 1 {
            last = Some((namespace, new[0].id));
        }
        // Only in namespaces that are not measured: index entries of former row versions would be read and counted
        // too.
        let moved = new.iter().filter(|_| number % 2 == 0);
        let moves = moved.map(|new| Swap {
            id: new.id,
            expected: new.version,
            claimed_location: Some(format!("{}/moved", new.claimed_location)),
            content: new.content.clone(),
            obsolete: Some(filler.obsolete(new.id, format!("{}/old", new.claimed_location))),
        });
        let moves = moves.collect();
        let expiries = new.iter().map(|new| filler.task(SOFT_DELETION, new.id));
        let expiries = Effects {
            tasks: expiries.collect(),
            ..Effects::none()
        };
        for (commit, effects) in [
            (filler.commit(new, Vec::new()), expiries),
            (filler.commit(Vec::new(), moves), Effects::none()),
        ] {
            let done = filler.store.tabular_commit(commit, effects);
            done.await.unwrap();
        }
    }
    drop(filler);
    // The statistics of closed connections arrive a moment later.
    tokio::time::sleep(Duration::from_millis(500)).await;
    last.unwrap()
}

async fn look_up(catalog: &Catalog, namespace: &str) {
    let keys = (0..KEYS).map(|number| ResolveKey {
        warehouse: catalog.warehouse,
        target: ResolveTarget::TabularContent(
            path(namespace).key().clone(),
            name(&format!("T{number}")).key().clone(),
        ),
    });
    let found = catalog.store.resolve(keys.collect()).await.unwrap();
    let stamps: Vec<_> = found
        .iter()
        .filter_map(|one| one.tabular.as_ref())
        .collect();
    assert!(!stamps.is_empty());
    let keys = stamps.iter().map(|stamp| ResolveKey {
        warehouse: catalog.warehouse,
        target: ResolveTarget::Unchanged(stamp.id, stamp.version),
    });
    let found = catalog.store.resolve(keys.collect()).await.unwrap();
    assert!(found.iter().all(|one| one.is_unchanged));
}

async fn each_statement(catalog: &Catalog, text: &str, namespace: NamespaceId, id: TabularId) {
    let page = || PageRequest {
        after: None,
        size: PageSize::clamped(10),
    };
    let store = &catalog.store;
    // Each lane has its own plans.
    for _ in 0..4 {
        look_up(catalog, text).await;
    }
    catalog.swap(id).await.unwrap();
    catalog.move_to(id, "s3://bucket/moved").await.unwrap();
    let former = store.tabular_former_locations(vec![id]).await;
    assert!(!former.unwrap().is_empty());
    for (location, expected) in [
        (format!("s3://bucket/moved/{id}/data/a"), Some(id)),
        ("s3://elsewhere/a/b".to_owned(), None),
    ] {
        let found = store.tabular_find_by_location(catalog.warehouse, location);
        assert_eq!(found.await.unwrap().map(|found| found.stamp.id), expected);
    }
    for (location, is_taken) in [("s3://bucket/moved", true), ("s3://elsewhere/a/b", false)] {
        let taken = store.tabular_location_taken(catalog.warehouse, location.to_owned());
        assert_eq!(taken.await.unwrap().is_some(), is_taken);
    }
    let new = catalog.table(namespace, "new").await;
    let rename = TabularRename {
        id,
        expected: catalog.version(id).await,
        namespace,
        found_at: None,
        name: name("renamed"),
        at: NOW,
    };
    let renamed = store.tabular_rename(rename, Effects::none());
    renamed.await.unwrap();
    let at = AtVersion::of(id, catalog.version(id).await);
    let protected = store.tabular_protect(at, Protection::Off, NOW, Effects::none());
    protected.await.unwrap();
    clean_up(catalog, new).await;
    there_and_back(catalog, new).await;
    let at = AtVersion::of(new, catalog.version(new).await);
    let drop = store.tabular_drop(at, Effects::none());
    drop.await.unwrap();
    let listed = store.tabular_list(namespace, TabularKind::Table, page());
    let listed = listed.await.unwrap();
    let after = PageRequest {
        after: listed.next,
        ..page()
    };
    let listed = store.tabular_list(namespace, TabularKind::Table, after);
    listed.await.unwrap();
    let listed = store.namespace_list(catalog.warehouse, None, page());
    listed.await.unwrap();
    let tree = store.namespace_tree(catalog.warehouse, namespace);
    tree.await.unwrap();
    feed(catalog, namespace, id).await;
}

/// Reads pages of the facts for an external authorization engine, and rechecks them.
async fn feed(catalog: &Catalog, namespace: NamespaceId, id: TabularId) {
    let thing = Securable::Tabular(TabularKind::Table, id);
    let place = Fact::Within(thing, Securable::Namespace(namespace));
    for after in [None, Some(&place)] {
        let facts = catalog.store.mirror_facts(after, 10).await.unwrap();
        catalog.store.mirror_recheck(&facts).await.unwrap();
    }
}

/// Soft-deletes the table and undrops it.
async fn there_and_back(catalog: &Catalog, id: TabularId) {
    let store = &catalog.store;
    let at = AtVersion::of(id, catalog.version(id).await);
    let how = SoftDrop {
        at: NOW,
        expiry: Expiry::Keep,
    };
    let expiry = Effects {
        tasks: vec![catalog.task(SOFT_DELETION, id)],
        ..Effects::none()
    };
    store.soft_drop(at, how, expiry).await.unwrap();
    let found = store.deleted_find(catalog.warehouse, vec![id]).await;
    let undrop = Undrop {
        warehouse: catalog.warehouse,
        tabulars: vec![AtVersion::of(id, found.unwrap()[0].version)],
        at: NOW,
    };
    store.undrop(undrop, Effects::none()).await.unwrap();
}

/// Notes an obsolete file with a plain commit and one with a move, and does the work of the table's task.
async fn clean_up(catalog: &Catalog, id: TabularId) {
    let store = &catalog.store;
    for claimed_location in [None, Some(format!("s3://bucket/cleaned/{id}"))] {
        let row = store.tabular_load(catalog.warehouse, id).await.unwrap();
        let swap = Swap {
            id,
            expected: row.version,
            claimed_location,
            content: row.content,
            obsolete: Some(catalog.obsolete(id, "s3://bucket/old".to_owned())),
        };
        let commit = catalog.commit(Vec::new(), vec![swap]);
        store.tabular_commit(commit, effects()).await.unwrap();
    }
    let noted = store.obsolete_file_list(id, 10).await.unwrap().unwrap();
    let numbers: Vec<_> = noted.files.iter().map(|file| file.number).collect();
    assert_eq!(numbers.len(), 2);
    store.obsolete_file_forget(id, numbers).await.unwrap();
}

/// How many rows (in scans of whole tables) and index entries are read to create, move and drop twenty tables in
/// one folder among `siblings` others.
async fn reads_among(siblings: usize) -> i64 {
    let catalog = Catalog::new().await;
    let namespace = catalog.namespace("ns").await;
    let mut left = siblings;
    while left > 0 {
        let count = left.min(TABLES);
        let new = (0..count).map(|table| new_table(namespace, &format!("t{}", left - table)));
        let commit = catalog.commit(new.collect(), Vec::new());
        let done = catalog.store.tabular_commit(commit, Effects::none());
        done.await.unwrap();
        left -= count;
    }
    let Catalog {
        store,
        database,
        warehouse,
    } = catalog;
    drop(store);
    let client = connect(database.url()).await;
    let filled = reads(&client).await;
    let catalog = Catalog {
        store: Arc::new(open(&database).await),
        warehouse,
        database: Arc::clone(&database),
    };
    for number in 0..20 {
        let id = catalog.table(namespace, &format!("new{number}")).await;
        let folder = "s3://bucket/tables/moved";
        catalog.move_to(id, folder).await.unwrap();
        let seen = AtVersion::of(id, catalog.version(id).await);
        let dropped = catalog.store.tabular_drop(seen, Effects::none());
        dropped.await.unwrap();
    }
    drop(catalog);
    let (scanned, read) = reads(&client).await;
    (scanned - filled.0) + (read - filled.1)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_siblings_cost_a_change_no_more_than_ten() {
    let (few, many) = (reads_among(10).await, reads_among(10_000).await);
    assert!(
        many < few + 100,
        "{few} among ten, {many} among ten thousand"
    );
}
