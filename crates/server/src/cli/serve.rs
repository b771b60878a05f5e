//! `lakekeeper serve`.

use std::time::Duration;

use clap::Args;
use lakekeeper::backend::{self, Readiness};
use lakekeeper::config::{Config, Database, Needs, Sources};
use lakekeeper::{Error, Lakekeeper, openfga};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How often, and with which pause, `LAKEKEEPER__DEBUG__MIGRATE_BEFORE_SERVE` tries to reach the database.
const TRIES: u32 = 15;
const PAUSE: Duration = Duration::from_secs(2);

/// Options of `lakekeeper serve`: only one that today's Lakekeeper has.
#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    /// Has no effect; accepted because today's Lakekeeper has it. A database that is not ready is refused all the
    /// same.
    #[arg(short = 'f', long, hide = true)]
    force_start: bool,
}

pub(super) fn run(sources: &Sources, serve: &Serve) -> Result<(), Error> {
    let config = super::start(sources, Needs::Secrets)?;
    if serve.force_start {
        tracing::warn!("--force-start has no effect: the server needs a database that is migrated");
    }
    let authentication = &config.authentication;
    let is_open = !authentication.is_configured() && !authentication.is_anonymous_on_purpose;
    if is_open && !config.addresses.bind_ip.is_loopback() {
        tracing::warn!("there is no authentication: whoever reaches the port may do everything");
    }
    super::block_on(async {
        if config.process.migrate_before_serve {
            migrate(&config).await?;
        }
        let bound = Lakekeeper::builder(config).build().await?.bind().await?;
        bound.serve(stop_signal()?).await
    })
}

async fn migrate(config: &Config) -> Result<(), Error> {
    let database = config.required_database()?;
    // Migrating makes a SQLite file.
    if matches!(database, Database::Postgres(_)) {
        wait_for(database, Readiness::Answers, TRIES, PAUSE).await?;
    }
    backend::migrate(database).await?;
    openfga::migrate(config).await
}

/// Waits until the database is ready. Tries once, and up to `retries` times more.
pub(super) async fn wait_for(
    database: &Database,
    readiness: Readiness,
    retries: u32,
    pause: Duration,
) -> Result<(), Error> {
    for retry in 1..=retries {
        match backend::check(database, readiness).await {
            Ok(()) => return Ok(()),
            // Waiting does not help, for example, if a newer program has migrated the database.
            Err(error) if error.is_final() => return Err(error),
            Err(error) => {
                tracing::info!(%error, retry, of = retries, "the database is not ready");
            }
        }
        tokio::time::sleep(pause).await;
    }
    backend::check(database, readiness).await
}

/// A token that SIGTERM or SIGINT (Ctrl-C) cancels. A second signal ends the process at once.
pub(super) fn stop_signal() -> Result<CancellationToken, Error> {
    let refused = |source| Error::System {
        what: "signals cannot be received",
        source,
    };
    let mut terminated = signal(SignalKind::terminate()).map_err(refused)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(refused)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        for _ in 0..2 {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted.recv() => {}
            }
            if told.is_cancelled() {
                tracing::warn!("ended by a second signal");
                lakekeeper::logs::flush();
                std::process::exit(1);
            }
            tracing::info!("stopping: requests in flight are finished");
            told.cancel();
        }
    });
    Ok(stop)
}
