//! `lakekeeper migrate`, `lakekeeper reopen-bootstrap` and `lakekeeper wait-for-db`.

use std::time::Duration;

use clap::Args;
use lakekeeper::backend::{self, Readiness};
use lakekeeper::config::{Needs, Sources};
use lakekeeper::{Error, openfga};
use store::Reopened;

use super::serve::wait_for;

/// How long to wait, and what for.
#[derive(Debug, Args)]
pub(super) struct Wait {
    /// Wait until the database answers (the default).
    #[arg(short = 'd')]
    check_db: bool,
    /// Wait until the database is migrated, too.
    #[arg(short = 'm')]
    check_migrations: bool,
    /// How many times to try again after the first try.
    #[arg(short, long, default_value_t = 15)]
    retries: u32,
    /// Seconds to wait between two tries.
    #[arg(short, long, default_value_t = 2)]
    backoff: u64,
}

/// The confirmation that `reopen-bootstrap` requires.
#[derive(Debug, Args)]
pub(super) struct Reopen {
    /// Confirm: whoever bootstraps the installation next becomes its administrator.
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn migrate(sources: &Sources) -> Result<(), Error> {
    let config = super::start(sources, Needs::Database)?;
    let database = config.required_database()?;
    super::block_on(async {
        backend::migrate(database).await?;
        tracing::info!("the database is up to date");
        openfga::migrate(&config).await
    })
}

pub(super) fn reopen_bootstrap(sources: &Sources, reopen: &Reopen) -> Result<(), Error> {
    if !reopen.yes {
        return Err(Error::Unconfirmed);
    }
    let config = super::start(sources, Needs::Database)?;
    let database = config.required_database()?;
    super::print(
        match super::block_on(backend::reopen_bootstrap(database))? {
            Reopened::Now => {
                "the installation can be bootstrapped once more: whoever calls POST /management/v1/bootstrap first becomes its administrator\n"
            }
            Reopened::WasOpen => {
                "the installation has not been bootstrapped yet; nothing was changed\n"
            }
        },
    )
}

pub(super) fn wait(sources: &Sources, wait: &Wait) -> Result<(), Error> {
    let config = super::start(sources, Needs::Database)?;
    let database = config.required_database()?;
    let readiness = if wait.check_migrations {
        Readiness::Migrated
    } else {
        Readiness::Answers
    };
    let pause = Duration::from_secs(wait.backoff);
    super::block_on(wait_for(database, readiness, wait.retries, pause))
}
