//! Kills the process at arbitrary moments: every acknowledged commit is stored, and no commit is stored partially.

use std::env;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use store::Store;
use store::conformance::crash::{self, Storm};
use store_postgres::{PostgresConfig, PostgresStore, TemporaryDatabase};

use crate::catalog::connect;
use crate::cluster;

/// The variable that tells the child where the database is; a process that has it is a child.
const DATABASE: &str = "CRASH_PG_DATABASE";
/// The variable that says how many times to kill.
const KILLS: &str = "CRASH_KILLS";

async fn open(url: &str) -> Arc<dyn Store> {
    let store = PostgresStore::connect(PostgresConfig::new(url)).await;
    Arc::new(store.unwrap())
}

/// Waits until the server has noticed that the child is dead.
async fn until_alone(url: &str) {
    let client = connect(url).await;
    let others = "select count(*) from pg_stat_activity where datname = current_database()
        and backend_type = 'client backend' and pid <> pg_backend_pid()";
    for _ in 0..500 {
        if client
            .query_one(others, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 0
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("connections of a dead process stay open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kills() {
    if let Ok(url) = env::var(DATABASE) {
        return crash::write_until_killed(open(&url).await).await;
    }
    let kills: u64 = env::var(KILLS).map_or(20, |kills| kills.parse().unwrap());
    let database = TemporaryDatabase::create(cluster::url()).await.unwrap();
    crash::prepare(&open(database.url()).await).await;
    let mut storm = Storm::default();
    for kill in 0..kills {
        let mut child = Command::new(env::current_exe().unwrap());
        child
            .args([
                "--exact",
                "--nocapture",
                "crash::what_was_acknowledged_survives_kills",
            ])
            .env(DATABASE, database.url());
        storm.kill_once(child, Duration::from_millis(kill * 37 % 150));
        until_alone(database.url()).await;
        let store = open(database.url()).await;
        storm.check(&store).await;
        drop(store);
    }
    println!(
        "{kills} kills, {} acknowledged commits, none lost",
        storm.acknowledged()
    );
}
