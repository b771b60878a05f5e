//! Short runs: what `cargo run -p histories` does at length.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests fail by panicking, and have no configuration"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use histories::{Plan, Report, StoreKind, run};

/// Keeps runs from going on at once: they would slow each other down until waits time out.
static ALONE: Mutex<()> = Mutex::new(());

/// The program: the one that `LAKEKEEPER_BIN` names, or the one beside the tests, which is built if it is missing or older
/// than its source.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("LAKEKEEPER_BIN") {
        return named.into();
    }
    let this = std::env::current_exe().unwrap();
    let profile = this.ancestors().nth(2).unwrap();
    let program = profile.join("lakekeeper");
    if changed(&program) < changed_last() {
        build(profile);
    }
    program
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|file| file.modified()).ok()
}

/// When the newest source file of any crate was changed.
fn changed_last() -> Option<SystemTime> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let product = crates.read_dir().unwrap().map(|entry| entry.unwrap());
    let product = product.filter(|entry| entry.file_name() != "histories");
    let mut folders: Vec<PathBuf> = product
        .flat_map(|entry| ["src", "migrations"].map(|folder| entry.path().join(folder)))
        .collect();
    let mut newest = None;
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                newest = newest.max(changed(&entry.path()));
            }
        }
    }
    newest
}

fn build(profile: &Path) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--package", "lakekeeper", "--target-dir"]);
    cargo.arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success());
}

fn short(store: StoreKind, replicas: u8) -> Plan {
    let plan = Plan {
        store,
        replicas,
        kills: 8,
        failover: false,
        clients: 12,
        seed: u64::from(std::process::id()),
        binary: Some(program()),
        pg_url: None,
        nats: None,
        kafka_jars: None,
        java: None,
    };
    plan.completed(|name| std::env::var(name).ok())
}

fn nothing_is_promised_in_vain(plan: &Plan) -> Report {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let report = runtime.block_on(run(plan)).unwrap();
    eprintln!("{plan:?}: {report}");
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
    assert_eq!(report.kills, plan.kills as usize);
    assert!(report.acked > 100, "too little happened: {report}");
    assert!(report.holdings.0 > 5, "too little happened: {report}");
    assert!(report.outgrown > 5, "too little happened: {report}");
    let sinks: Vec<_> = report.arrived.iter().map(|(sink, _)| *sink).collect();
    for sink in ["log", "webhook", "feed"] {
        assert!(sinks.contains(&sink), "{report}");
    }
    report
}

#[test]
fn one_replica_on_sqlite_keeps_its_promises_when_killed() {
    nothing_is_promised_in_vain(&short(StoreKind::Sqlite, 1));
}

#[test]
fn three_replicas_on_postgresql_keep_their_promises_when_killed() {
    nothing_is_promised_in_vain(&short(StoreKind::Postgres, 3));
}

/// The synchronous standby has all that was acknowledged, and a change of unknown outcome is repeated with its
/// idempotency key.
#[test]
fn nothing_is_lost_when_the_standby_takes_over() {
    let plan = Plan {
        failover: true,
        kills: 0,
        ..short(StoreKind::Postgres, 2)
    };
    let report = nothing_is_promised_in_vain(&plan);
    let recovery = report.recovery.expect("changes after the failover");
    assert!(recovery < Duration::from_secs(5), "{report}");
}
