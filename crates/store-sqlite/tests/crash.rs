//! Kills the process at arbitrary moments: every acknowledged commit is stored, and no commit is stored partially.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test may, and it talks to itself through the environment"
)]

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use store::Store;
use store::conformance::crash::{self, Storm};
use store_sqlite::SqliteStore;
use tempfile::TempDir;

/// The variable that tells the child where the database is; a process that has it is a child.
const DATABASE: &str = "CRASH_DATABASE";
/// The variable that says how many times to kill.
const KILLS: &str = "CRASH_KILLS";

fn open(path: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(path).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kills() {
    if let Ok(path) = env::var(DATABASE) {
        return crash::write_until_killed(open(Path::new(&path))).await;
    }
    let kills: u64 = env::var(KILLS).map_or(20, |kills| kills.parse().unwrap());
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.db");
    crash::prepare(&open(&path)).await;
    let mut storm = Storm::default();
    for kill in 0..kills {
        let mut child = Command::new(env::current_exe().unwrap());
        child
            .args([
                "--exact",
                "--nocapture",
                "what_was_acknowledged_survives_kills",
            ])
            .env(DATABASE, &path);
        storm.kill_once(child, Duration::from_millis(kill * 37 % 150));
        storm.check(&open(&path)).await;
    }
    println!(
        "{kills} kills, {} acknowledged commits, none lost",
        storm.acknowledged()
    );
}
