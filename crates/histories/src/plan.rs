//! What a run does.

use std::path::PathBuf;

/// The database in which the catalog keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum StoreKind {
    /// A SQLite file; one replica.
    Sqlite,
    /// A PostgreSQL database; any number of replicas.
    Postgres,
}

/// The settings of a run.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    version,
    about = "Kills the catalog under load and checks what it promised"
)]
pub struct Plan {
    /// The database in which the catalog keeps everything.
    #[arg(long, value_enum, default_value = "sqlite")]
    pub store: StoreKind,
    /// Number of replicas: processes that share the database.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub replicas: u8,
    /// How many times a replica is killed.
    #[arg(long, default_value_t = 10)]
    pub kills: u32,
    /// Whether PostgreSQL's primary is killed, too, so that its synchronous standby takes over. The run starts its own
    /// servers then.
    #[arg(long)]
    pub failover: bool,
    /// Number of clients that work at the same time.
    #[arg(long, default_value_t = 12)]
    pub clients: u32,
    /// Seed of the random choices.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The program `lakekeeper`; by default that of `LAKEKEEPER_BIN`, or else the one beside this program.
    #[arg(long)]
    pub binary: Option<PathBuf>,
    /// URL of a PostgreSQL superuser; by default `LAKEKEEPER_TEST_PG_URL`, or else a server is started for the run.
    #[arg(long)]
    pub pg_url: Option<String>,
    /// The program `nats-server`; without it no events go to NATS.
    #[arg(long)]
    pub nats: Option<PathBuf>,
    /// The folder with the jars of Kafka; without it or `--java` no events go to Kafka.
    #[arg(long)]
    pub kafka_jars: Option<PathBuf>,
    /// The program `java` that runs Kafka.
    #[arg(long)]
    pub java: Option<PathBuf>,
}

impl Plan {
    /// Takes what the plan leaves open from variables: `LAKEKEEPER_BIN`, and those that `tests/with-services` sets.
    #[must_use]
    pub fn completed(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let path = |given: Option<PathBuf>, name| given.or_else(|| variable(name).map(Into::into));
        self.binary = path(self.binary, "LAKEKEEPER_BIN");
        self.nats = path(self.nats, "LAKEKEEPER_TEST_NATS_BINARY");
        self.kafka_jars = path(self.kafka_jars, "LAKEKEEPER_TEST_KAFKA_JARS");
        self.java = path(self.java, "LAKEKEEPER_TEST_JAVA");
        self.pg_url = self.pg_url.or_else(|| variable("LAKEKEEPER_TEST_PG_URL"));
        self
    }
}
