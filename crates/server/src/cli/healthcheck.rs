//! `lakekeeper healthcheck`: checks the health of the server and the database, for containers and scripts.

use clap::Args;
use lakekeeper::config::{Needs, Sources};
use lakekeeper::{Error, backend, health};

/// What to check; the server if no option is given.
#[derive(Debug, Args)]
pub(super) struct What {
    /// Check the database and the server.
    #[arg(short = 'a', conflicts_with_all = ["check_db", "check_server"])]
    check_all: bool,
    /// Check whether the database answers.
    #[arg(short = 'd')]
    check_db: bool,
    /// Check whether the server reports that it is healthy (the default).
    #[arg(short = 's')]
    check_server: bool,
}

pub(super) fn run(sources: &Sources, what: &What) -> Result<(), Error> {
    let database = what.check_all || what.check_db;
    let server = what.check_all || what.check_server || !database;
    let needs = if database {
        Needs::Database
    } else {
        Needs::Nothing
    };
    let config = super::start(sources, needs)?;
    if database {
        let database = config.required_database()?;
        super::block_on(backend::check(database, backend::Readiness::Answers))?;
    }
    if server {
        health::check(&config.addresses)?;
    }
    Ok(())
}
