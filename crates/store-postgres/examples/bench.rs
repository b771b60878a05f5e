//! Measures how many look-ups and commits per second a database handles.
//!
//! `cargo run --release -p store-postgres --example bench -- postgres://…` measures in a new database on that
//! server and drops the database afterwards; without a URL, it starts a server with PostgreSQL's default settings.
//! With `search` before the URL, it measures searches among 100,000 names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    dead_code,
    reason = "a measurement, not a part of the program; the tests need more of what it shares with them"
)]

#[path = "../tests/it/catalog.rs"]
mod catalog;
#[path = "../tests/it/cluster/mod.rs"]
mod cluster;

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use model::{TabularId, Version};
use store::{
    Effects, Gathered, ResolveKey, ResolveTarget, Resolver, StoredMetadata, Swap, TabularContent,
    TabularSearch, Tabulars,
};
use store_postgres::TemporaryDatabase;

use catalog::{Catalog, connect, effects, name, new_table, path};

const SPAN: Duration = Duration::from_secs(4);
const TABLES: usize = 2_000;
const TASKS: usize = 32;

/// The result of a measurement.
struct Measured {
    a_second: f64,
    /// Microseconds of processor time per operation, in this process and in the server. Unlike the rate, they
    /// hardly depend on what else the machine does.
    here: f64,
    server: f64,
}

impl fmt::Display for Measured {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            a_second,
            here,
            server,
        } = self;
        write!(out, "{a_second:.0}/s, {here:.0} + {server:.0} µs of CPU")
    }
}

/// Seconds of processor time that this process and the server processes of its connections have used; 0 outside
/// Linux.
fn processor_time() -> (f64, f64) {
    let ticks = |path: &Path| -> Option<f64> {
        let stat = fs::read_to_string(path.join("stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / 100.0)
    };
    let here = ticks(Path::new("/proc/self")).unwrap_or(0.0);
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let servers = processes.filter(|process| {
        fs::read_to_string(process.path().join("cmdline")).is_ok_and(|title| {
            title.starts_with("postgres: ") && title.contains("lakekeeper_test_")
        })
    });
    (
        here,
        servers.filter_map(|process| ticks(&process.path())).sum(),
    )
}

/// Runs `work` in `tasks` tasks for a while.
async fn rate<W, F>(tasks: usize, work: W) -> Measured
where
    W: Fn(usize, u64) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send,
{
    let (work, count, stop) = (
        Arc::new(work),
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (start, before) = (Instant::now(), processor_time());
    let tasks: Vec<_> = (0..tasks)
        .map(|task| {
            let (work, count, stop) = (work.clone(), count.clone(), stop.clone());
            tokio::spawn(async move {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    work(task, round).await;
                    round += 1;
                }
                count.fetch_add(round, Ordering::Relaxed);
            })
        })
        .collect();
    tokio::time::sleep(SPAN).await;
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let count = f64::from(u32::try_from(count.load(Ordering::Relaxed)).unwrap());
    let after = processor_time();
    Measured {
        a_second: count / start.elapsed().as_secs_f64(),
        here: (after.0 - before.0) * 1e6 / count,
        server: (after.1 - before.1) * 1e6 / count,
    }
}

/// A catalog whose tables have metadata of the size that engines write.
async fn filled(url: &str) -> (Arc<Catalog>, Arc<Vec<TabularId>>) {
    let database = TemporaryDatabase::create(url).await.unwrap();
    let catalog = Catalog::in_database(database).await;
    let namespace = catalog.namespace("ns").await;
    let mut ids = Vec::new();
    for portion in 0..TABLES / 500 {
        let new = (0..500).map(|number| {
            let mut new = new_table(namespace, &format!("t{}", portion * 500 + number));
            new.content.metadata = metadata(0);
            new
        });
        let new: Vec<_> = new.collect();
        ids.extend(new.iter().map(|new| new.id));
        let commit = catalog.commit(new, Vec::new());
        let created = catalog.store.tabular_commit(commit, Effects::none());
        created.await.unwrap();
    }
    (Arc::new(catalog), Arc::new(ids))
}

/// Metadata of 8 kB of JSON.
fn metadata(seed: u64) -> StoredMetadata {
    let fields = (0..100).map(|field| {
        let noise = (seed + field).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!(
            "{{\"id\":{field},\"name\":\"column_{noise:x}\",\"type\":\"long\",\"required\":false}}"
        )
    });
    StoredMetadata::encode(fields.collect::<Vec<_>>().join(",").as_bytes())
}

async fn look_ups(catalog: &Arc<Catalog>, ids: &Arc<Vec<TabularId>>) {
    let resolver: Arc<dyn Resolver + Send + Sync> = catalog.store.clone();
    let mut known = Vec::new();
    for id in &ids[..TABLES] {
        let row = catalog.store.tabular_load(catalog.warehouse, *id);
        let row = row.await.unwrap();
        known.push((*id, row.version));
    }
    let keys: Vec<_> = (0..TABLES)
        .map(|number| {
            (
                path("ns").key().clone(),
                name(&format!("t{number}")).key().clone(),
            )
        })
        .collect();
    let (known, keys) = (Arc::new(known), Arc::new(keys));
    for lanes in [1, 2, 4] {
        for (what, is_known) in [("known", true), ("with metadata", false)] {
            let gathered = Gathered::start(&resolver, lanes);
            let (keys, known, warehouse) = (keys.clone(), known.clone(), catalog.warehouse);
            let rate = rate(TASKS, move |task, round| {
                let at = (task * 61 + usize::try_from(round).unwrap() * 7) % TABLES;
                let (namespace, table) = keys[at].clone();
                let (id, version) = known[at];
                let gathered = gathered.clone();
                async move {
                    let target = if is_known {
                        ResolveTarget::Unchanged(id, version)
                    } else {
                        ResolveTarget::TabularContent(namespace, table)
                    };
                    let found = gathered.resolve(ResolveKey { warehouse, target }).await;
                    let found = found.unwrap();
                    assert!(found.is_unchanged || found.tabular.is_some());
                }
            });
            println!(
                "look-ups, {TASKS} tasks, {lanes} lanes, {what}: {}",
                rate.await
            );
        }
    }
}

async fn commits(catalog: &Arc<Catalog>, ids: &Arc<Vec<TabularId>>) {
    for writers in [1, TASKS] {
        println!(
            "raw transactions, {writers} writers: {}",
            raw(catalog, writers).await
        );
        for (what, first) in [("", 0), (" that note an obsolete file", 1_000)] {
            let rate = swaps(catalog, ids, writers, first).await;
            println!("commits of one table{what}, {writers} writers: {rate}");
        }
        println!(
            "creations, {writers} writers: {}",
            creations(catalog, writers).await
        );
    }
}

/// Swaps by writers that each have a table of their own, found from `first` on. Unless `first` is 0, each swap also
/// notes an obsolete file.
async fn swaps(
    catalog: &Arc<Catalog>,
    ids: &Arc<Vec<TabularId>>,
    writers: usize,
    first: usize,
) -> Measured {
    let (inner, ids) = (Arc::clone(catalog), Arc::clone(ids));
    rate(writers, move |task, round| {
        let (catalog, id) = (Arc::clone(&inner), ids[first + writers * 10 + task]);
        async move {
            let old = format!("s3://bucket/tables/{id}/metadata/old-{round}.json");
            let swap = Swap {
                id,
                expected: Version::from_i64(1 + i64::try_from(round).unwrap()),
                claimed_location: None,
                content: TabularContent {
                    location: format!("s3://bucket/tables/{id}"),
                    metadata_location: format!("s3://bucket/tables/{id}/metadata/{round}.json"),
                    metadata: metadata(round),
                },
                obsolete: (first > 0).then(|| catalog.obsolete(id, old)),
            };
            let commit = catalog.commit(Vec::new(), vec![swap]);
            catalog
                .store
                .tabular_commit(commit, effects())
                .await
                .unwrap();
        }
    })
    .await
}

async fn creations(catalog: &Arc<Catalog>, writers: usize) -> Measured {
    let namespace = catalog.namespace(&format!("created{writers}")).await;
    let catalog = Arc::clone(catalog);
    rate(writers, move |task, round| {
        let catalog = Arc::clone(&catalog);
        async move {
            let mut new = new_table(namespace, &format!("t{task}_{round}"));
            new.content.metadata = metadata(round);
            let commit = catalog.commit(vec![new], Vec::new());
            catalog
                .store
                .tabular_commit(commit, effects())
                .await
                .unwrap();
        }
    })
    .await
}

/// The rate of the least that a commit must do: writing one row of the same size, and COMMIT.
async fn raw(catalog: &Arc<Catalog>, writers: usize) -> Measured {
    let mut clients = Vec::new();
    for _ in 0..writers {
        let client = connect(catalog.database.url()).await;
        let statement = client.prepare("insert into raw (body) values ($1)");
        client
            .batch_execute(
                "create table if not exists raw (id bigint generated always as identity, body bytea)",
            )
            .await
            .unwrap();
        let statement = statement.await.unwrap();
        clients.push(Arc::new((client, statement)));
    }
    rate(writers, move |task, round| {
        let client = Arc::clone(&clients[task]);
        async move {
            let body = metadata(round);
            let (client, statement) = &*client;
            client
                .execute(statement, &[&body.as_stored()])
                .await
                .unwrap();
        }
    })
    .await
}

const WORDS: [&str; 50] = [
    "customer",
    "orders",
    "order",
    "items",
    "products",
    "sales",
    "events",
    "clicks",
    "sessions",
    "users",
    "accounts",
    "invoices",
    "payments",
    "shipments",
    "inventory",
    "stock",
    "prices",
    "discounts",
    "campaigns",
    "leads",
    "contacts",
    "tickets",
    "reviews",
    "ratings",
    "regions",
    "stores",
    "employees",
    "departments",
    "salaries",
    "budgets",
    "forecasts",
    "metrics",
    "logs",
    "errors",
    "traces",
    "alerts",
    "devices",
    "sensors",
    "readings",
    "weather",
    "flights",
    "hotels",
    "bookings",
    "trips",
    "drivers",
    "vehicles",
    "routes",
    "fares",
    "taxes",
    "refunds",
];
const ENDS: [&str; 20] = [
    "raw", "stg", "dim", "fact", "hist", "daily", "weekly", "monthly", "agg", "v1", "v2", "tmp",
    "eu", "us", "test", "2021", "2022", "2023", "2024", "2025",
];
const NAMES: usize = 100_000;
const SEARCHES: usize = 20;

/// Prints the median duration of searches among many names that have most of their words in common.
async fn searches(url: &str) {
    let catalog = Catalog::in_database(TemporaryDatabase::create(url).await.unwrap()).await;
    let namespace = catalog.namespace("ns").await;
    let word = |number: usize| WORDS[number % WORDS.len()];
    let names: Vec<String> = (0..NAMES)
        .map(|number| {
            let (first, second) = (word(number), word(number / WORDS.len()));
            let end = ENDS[number / 2_500 % ENDS.len()];
            format!("{first}_{second}_{end}_{:04}", number * 7_919 % 9_973)
        })
        .collect();
    let client = connect(catalog.database.url()).await;
    let plant = "insert into tabular (id, warehouse_id, namespace_id, kind, name, name_key, location_claim,
            protected, version, created_at, location, metadata_location, metadata)
        select gen_random_uuid(), $1, $2, 'table', name || place, name || place, 's3://bucket/' || place, false,
            1, 0, 's3://bucket/' || place, 's3://bucket/' || place || '/m', ''
        from unnest($3::text[]) with ordinality as new(name, place)";
    let (warehouse, home) = (catalog.warehouse.as_uuid(), namespace.as_uuid());
    client
        .execute(plant, &[&warehouse, &home, &names])
        .await
        .unwrap();
    client
        .batch_execute("vacuum analyze tabular")
        .await
        .unwrap();
    for text in [
        "custmer_orders",
        "customer_ordres_raw",
        "invioces_payments_2021",
        "payments invocies",
        "weahter_readings_dim_0042",
        "depratments_salaries",
        "ordrs",
        "flihgts",
        "customer orders",
    ] {
        let mut spans = Vec::new();
        let mut found = Vec::new();
        for _ in 0..SEARCHES {
            let (search, start) = (TabularSearch::of(catalog.warehouse, text), Instant::now());
            found = catalog.store.tabular_search(search).await.unwrap();
            spans.push(start.elapsed());
        }
        spans.sort_unstable();
        let best = found.first().map_or("nothing", |(_, one)| &one.name);
        println!("{text}: {:?}, {best}", spans[SEARCHES / 2]);
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let is_search = arguments.next_if(|one| one == "search").is_some();
    let url = match arguments.next() {
        Some(url) => url,
        None => cluster::start(&["autovacuum=on"]),
    };
    if is_search {
        return searches(&url).await;
    }
    let (catalog, ids) = filled(&url).await;
    println!("{} bytes of metadata", metadata(1).as_stored().len());
    look_ups(&catalog, &ids).await;
    commits(&catalog, &ids).await;
}
