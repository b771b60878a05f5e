//! Runs the server. Its whole configuration comes from environment variables.

use std::collections::BTreeMap;
use std::process::ExitCode;

use custom_catalog_server::{Error, Own, build};
use lakekeeper::config::{Config, Needs, Sources, variables};
use model::UserId;
use tokio_util::sync::CancellationToken;

/// Why the server has ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Server(#[from] Error),
    #[error("SUSPENDED_USERS: `{0}` must be a user's id, such as `oidc~alice`")]
    NoUser(String),
}

impl From<lakekeeper::Error> for Ended {
    fn from(error: lakekeeper::Error) -> Self {
        Self::Server(error.into())
    }
}

fn own(environment: &BTreeMap<String, String>) -> Result<Own, Ended> {
    let variable = |name, default: &str| {
        let given = environment.get(name).map(String::as_str);
        given.unwrap_or(default).to_owned()
    };
    let suspended = variable("SUSPENDED_USERS", "");
    let suspended = suspended.split_whitespace().map(|text| {
        let user = text.parse::<UserId>();
        user.map_err(|_| Ended::NoUser(text.to_owned()))
    });
    Ok(Own {
        secret_folder: variable("SECRET_FOLDER", "secrets").into(),
        event_file: variable("EVENT_FILE", "events.jsonl").into(),
        suspended: suspended.collect::<Result<_, _>>()?,
    })
}

async fn serve() -> Result<(), Ended> {
    let environment = variables();
    let own = own(&environment)?;
    let sources = Sources {
        environment,
        ..Sources::default()
    };
    let config = Config::load(&sources, Needs::Database).map_err(lakekeeper::Error::from)?;
    lakekeeper::logs::install(&config.logs);
    let bound = build(config, own).await?.bind().await?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        // If no signal handler can be installed, the server runs until it is killed.
        if tokio::signal::ctrl_c().await.is_ok() {
            told.cancel();
        }
    });
    Ok(bound.serve(stop).await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(serve()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(ended) => {
            // Not logged, because logging may not be installed yet.
            #[expect(clippy::print_stderr, reason = "this is the command line")]
            {
                eprintln!("{ended}");
            }
            ExitCode::FAILURE
        }
    }
}
