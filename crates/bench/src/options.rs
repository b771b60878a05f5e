//! The command line of the benchmark.

use std::path::PathBuf;

use clap::Parser;

/// Measure the catalog in relation to what the machine can do.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// The program to measure. Default: the `lakekeeper` in the folder of this program.
    #[arg(long)]
    pub(crate) binary: Option<PathBuf>,
    /// Use `SQLite` as the catalog's database. For information: the goals are for `PostgreSQL`.
    #[arg(long)]
    pub(crate) sqlite: bool,
    /// Keep files in the bucket that the variables `LAKEKEEPER_TEST_S3_*` describe, instead of a folder.
    #[arg(long)]
    pub(crate) s3: bool,
    /// URL of a `PostgreSQL` server in which databases may be created. Default: start a server for this run.
    #[arg(long)]
    pub(crate) postgres: Option<String>,
    /// Connections of the load generator, all of which are busy all the time.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: usize,
    /// Threads of the load generator, and of the server that is the reference.
    #[arg(long, default_value_t = 2)]
    pub(crate) client_threads: usize,
    /// Number of tables, 40 per namespace.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) tables: usize,
    /// Number of tables in the warehouse that is compared with one of few tables; 0 skips this.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) many: usize,
    /// Number of tables in the namespaces that are dropped with all their tables; 0 skips this.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) dropped: usize,
    /// Turns of each comparison, of which the median is reported.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Seconds per side and turn.
    #[arg(long, default_value_t = 2.0)]
    pub(crate) seconds: f64,
    /// Only run measurements whose name contains this text. May be given several times.
    #[arg(long)]
    pub(crate) only: Vec<String>,
    /// Also write the results to this file, as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.contains(only.as_str()))
    }

    pub(crate) fn round(&self) -> std::time::Duration {
        std::time::Duration::from_secs_f64(self.seconds)
    }
}

/// Reads an environment variable that describes a test service.
#[expect(
    clippy::disallowed_methods,
    reason = "names test services, as everywhere in the tests"
)]
pub(crate) fn variable(name: &str) -> crate::Result<String> {
    std::env::var(name)
        .map_err(|_| format!("{name} is not set; run under tests/with-services").into())
}
