//! What a run does.

use std::path::PathBuf;

/// Where the catalog keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum StoreKind {
    /// A SQLite file; one replica.
    Sqlite,
    /// A PostgreSQL database; any number of replicas.
    Postgres,
}

/// A run.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    version,
    about = "Kills the catalog under load and checks what it promised"
)]
pub struct Plan {
    /// Where the catalog keeps everything.
    #[arg(long, value_enum, default_value = "sqlite")]
    pub store: StoreKind,
    /// Processes over the one database.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub replicas: u8,
    /// How often one of them is killed.
    #[arg(long, default_value_t = 10)]
    pub kills: u32,
    /// Clients that work at the same time.
    #[arg(long, default_value_t = 12)]
    pub clients: u32,
    /// What the random choices are made of.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The program `lakekeeper`; the one beside this program if not said.
    #[arg(long)]
    pub binary: Option<PathBuf>,
    /// A PostgreSQL superuser's URL; without it a server is started for the run.
    #[arg(long)]
    pub pg_url: Option<String>,
}
