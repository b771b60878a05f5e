//! Measures how fast the catalog is in relation to what the machine can do: compared with an in-process server that
//! sends the same bytes from memory, and with writing the same bytes and committing one transaction without a
//! catalog.
//!
//! The two sides of a comparison are measured in turns in the same run, so that other load on the machine slows both.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of a few seconds, as statistics"
)]

mod authorized;
mod cluster;
mod delegated;
mod drops;
mod load;
mod many;
mod options;
mod process;
mod published;
mod raw;
mod reads;
mod reference;
mod report;
mod setup;
mod start;
mod token_service;
mod turns;
mod writes;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use cluster::Cluster;
use options::Options;
use process::{Database, Server};
use report::{Goal, Report};

/// Errors of the benchmark need no types: they are only shown to its user.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Bytes in a MiB.
const MIB: f64 = 1_048_576.0;

fn main() -> ExitCode {
    let options = Options::parse();
    // Fails only if a provider is installed already, which is not the case.
    drop(rustls::crypto::ring::default_provider().install_default());
    let ran = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.client_threads)
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(&options)));
    match ran.and_then(|report| report.show(options.json.as_deref())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<Report> {
    let home = tempfile::Builder::new()
        .prefix("lakekeeper-bench-")
        .tempdir()?;
    // If this process runs as root, PostgreSQL runs as another user and must be able to reach its folder.
    std::fs::set_permissions(
        home.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )?;
    let cluster = Cluster::start(&home.path().join("postgres"), options.postgres.as_deref())?;
    let database = if options.sqlite {
        Database::Sqlite(home.path().join("catalog.db"))
    } else {
        Database::Postgres(cluster.create_database("catalog").await?)
    };
    let mut report = Report::new(options, &cluster).await?;
    let server = Server::prepared(options, database.clone(), home.path())?;
    start::measure(&server, options, &mut report).await?;

    let running = server.start().await?;
    let warehouse = setup::warehouse(&running, options, home.path()).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = running.memory()?;
    report.add("idle memory, MiB", idle / MIB, Goal::Below(40.0));

    let tables = setup::tables(&running, &warehouse, options).await?;
    if let Database::Postgres(url) = &database {
        // Do what autovacuum would do with new tables within a minute.
        let client = cluster::connect(url).await?;
        client.batch_execute("vacuum analyze").await?;
    }
    let mut reads = reads::Reads::new(options, &running, &mut report);
    reads.all(&tables).await?;
    delegated::measure(options, &server, &running, &warehouse, &mut report).await?;
    if let Database::Postgres(url) = &database {
        authorized::measure(options, (&server, &running, url), &tables, &mut report).await?;
    }
    writes::measure(options, &running, &cluster, &tables, &mut report).await?;
    drops::measure(options, &running, &warehouse, &mut report).await?;
    let used = running.memory()?;
    report.add("memory after the run, MiB", used / MIB, Goal::Below(150.0));
    drop(running);
    if !options.sqlite {
        published::measure(options, &server, &cluster, &tables, &mut report).await?;
    }
    if options.many > 0
        && let Database::Postgres(url) = &database
    {
        many::measure(options, (&server, &cluster, url), &tables, &mut report).await?;
    }
    Ok(report)
}
