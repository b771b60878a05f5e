//! What can be asked for.

use std::path::PathBuf;

use clap::Parser;

/// Measures the catalog against what the machine can do.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// The program under test; the `lakekeeper` beside this program if absent.
    #[arg(long)]
    pub(crate) binary: Option<PathBuf>,
    /// Keep the catalog in `SQLite`. For information: the goals are for `PostgreSQL`.
    #[arg(long)]
    pub(crate) sqlite: bool,
    /// Keep files in the bucket that `LAKEKEEPER_TEST_S3_*` name, instead of a folder.
    #[arg(long)]
    pub(crate) s3: bool,
    /// A `PostgreSQL` to make databases in; without one, a cluster of its own is started.
    #[arg(long)]
    pub(crate) postgres: Option<String>,
    /// Connections of the load generator, all in use all the time.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: usize,
    /// Threads of the load generator, and as many of the server that it is compared with.
    #[arg(long, default_value_t = 2)]
    pub(crate) client_threads: usize,
    /// Tables, 40 to a namespace.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) tables: usize,
    /// Tables in one warehouse for the comparison with few; 0 leaves it out.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) many: usize,
    /// Tables in a namespace that is dropped with all of them; 0 leaves it out.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) dropped: usize,
    /// Turns of each comparison; the median counts.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Seconds of each side in each turn.
    #[arg(long, default_value_t = 2.0)]
    pub(crate) seconds: f64,
    /// Only what has this in its name; may be given several times.
    #[arg(long)]
    pub(crate) only: Vec<String>,
    /// Write the numbers to this file, too.
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

/// A variable of the environment that names a service.
#[expect(
    clippy::disallowed_methods,
    reason = "names test services, as everywhere in the tests"
)]
pub(crate) fn variable(name: &str) -> crate::Result<String> {
    std::env::var(name)
        .map_err(|_| format!("{name} is not set; run under tests/with-services").into())
}
