//! Brings the database's layout up to date.

use std::error::Error;
use std::time::Duration;

use refinery::embed_migrations;
use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::connection::{PostgresConfig, connect};
use crate::error::OpenError;

embed_migrations!("migrations");

/// The advisory lock that the migrating replica holds.
const LOCK: i64 = 0x6c61_6b65_0000;
/// How long to wait for another replica that migrates, and for tables that are in use.
const PATIENCE: Duration = Duration::from_mins(10);
const TABLES_TIMEOUT: &str = "set lock_timeout = '3s'";
/// The pause between two attempts, which lets queries run that have waited behind the first attempt.
const PAUSE: Duration = Duration::from_secs(2);

/// Runs the missing migrations, all or none. Any number of replicas may call this at once. A database that a newer
/// program has changed is refused before anything is written to it.
pub async fn migrate(config: &PostgresConfig) -> Result<(), OpenError> {
    let mut client = connect(&config.primary()?, config).await?;
    // Waiting for others and changing a layout may take longer than the everyday limits allow.
    client
        .batch_execute("set statement_timeout = 0; set lock_timeout = 0")
        .await?;
    let locking = "select pg_advisory_lock($1)";
    tokio::time::timeout(PATIENCE, client.execute(locking, &[&LOCK]))
        .await
        .map_err(|_| OpenError::Timeout {
            doing: "waiting for another migration".to_owned(),
            seconds: PATIENCE.as_secs(),
        })??;
    let ended = run(&mut client).await;
    // Closing the connection would release the lock too, but later.
    client
        .execute("select pg_advisory_unlock($1)", &[&LOCK])
        .await?;
    ended
}

async fn run(client: &mut Client) -> Result<(), OpenError> {
    let found = applied(client).await?;
    let known = known();
    if let Some(found) = found.filter(|found| *found > known) {
        return Err(OpenError::Newer { found, known });
    }
    if found.is_none() && is_of_another(client).await? {
        return Err(OpenError::Lakekeeper0);
    }
    // Everyone who comes later queues behind a migration that waits for a table, so it gives up soon and tries
    // again.
    client.batch_execute(TABLES_TIMEOUT).await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let runner = migrations::runner().set_grouped(true);
        match runner.run_async(client).await {
            Ok(_) => return Ok(()),
            Err(error) if met_others(&error) && Instant::now() < deadline => {
                tracing::info!("tables are in use, by a backup perhaps; the migration waits");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(OpenError::Migration(Box::new(error))),
        }
    }
}

/// Whether the migration failed because a table was in use for too long or because of a deadlock.
fn met_others(error: &refinery::Error) -> bool {
    let met = [
        &SqlState::LOCK_NOT_AVAILABLE,
        &SqlState::T_R_DEADLOCK_DETECTED,
    ];
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(sql) = error.downcast_ref::<tokio_postgres::Error>() {
            return sql.code().is_some_and(|code| met.contains(&code));
        }
        cause = error.source();
    }
    false
}

/// Whether the database has the tables of Lakekeeper 0.x, some of which have the same names as ours.
async fn is_of_another(client: &Client) -> Result<bool, OpenError> {
    let history = "select to_regclass('_sqlx_migrations') is not null";
    Ok(client.query_one(history, &[]).await?.try_get(0)?)
}

/// Refuses a database whose layout differs from the one that this program needs.
pub(crate) async fn verify(client: &Client) -> Result<(), OpenError> {
    let (found, known) = (applied(client).await?, known());
    match found {
        Some(found) if found > known => Err(OpenError::Newer { found, known }),
        Some(found) if found == known => Ok(()),
        _ => Err(OpenError::NotMigrated {
            found,
            needed: known,
        }),
    }
}

/// The highest number of a migration.
fn known() -> i32 {
    let runner = migrations::runner();
    let versions = runner.get_migrations().iter();
    versions
        .map(refinery::Migration::version)
        .max()
        .unwrap_or(0)
}

/// The number of the newest migration that has been run, if one has.
async fn applied(client: &Client) -> Result<Option<i32>, OpenError> {
    let history = "select to_regclass('refinery_schema_history') is not null";
    if !client
        .query_one(history, &[])
        .await?
        .try_get::<_, bool>(0)?
    {
        return Ok(None);
    }
    let newest = "select max(version) from refinery_schema_history";
    Ok(client.query_one(newest, &[]).await?.try_get(0)?)
}

/// A number that differs for other migrations.
pub(crate) fn fingerprint() -> u64 {
    let runner = migrations::runner();
    let checksums = runner.get_migrations().iter();
    checksums
        .map(refinery::Migration::checksum)
        .fold(0, |all: u64, one| all.rotate_left(7) ^ one)
}

#[cfg(test)]
mod tests {
    use super::migrations;

    /// What refinery calculates of each migration that users may have run, in order. A new one is added here with its release.
    const RUN_BY_USERS: &[u64] = &[
        8_385_478_570_648_058_828,
        9_742_239_547_979_702_377,
        17_082_046_627_381_781_906,
        4_139_868_898_149_686_390,
        5_703_888_621_770_699_828,
        3_506_298_337_487_080_717,
        3_954_597_424_795_676_675,
        9_883_097_994_269_042_040,
        8_658_160_785_706_180_979,
        17_599_608_479_371_300_004,
        10_730_949_885_268_924_928,
        6_477_088_833_201_002_943,
        1_964_030_383_870_758_143,
        15_867_250_592_324_354_069,
        1_841_428_692_861_706_026,
        11_317_943_828_703_660_762,
        9_527_032_147_397_482_452,
        5_024_190_632_225_383_066,
    ];

    #[test]
    fn a_migration_that_users_have_run_is_never_edited() {
        let runner = migrations::runner();
        let mut known: Vec<_> = runner.get_migrations().iter().collect();
        known.sort_by_key(|migration| migration.version());
        let checksums: Vec<_> = known.iter().map(|one| one.checksum()).collect();
        let kept = checksums.get(..RUN_BY_USERS.len());
        assert_eq!(
            kept,
            Some(RUN_BY_USERS),
            "a database that has run it would be refused; add a migration instead"
        );
    }
}
