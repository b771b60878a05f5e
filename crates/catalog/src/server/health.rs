//! Checks the services that the catalog needs.

use std::time::Duration;

use tokio::time::timeout;

use crate::Catalog;

/// Which services answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Whether the database answers.
    pub database: bool,
    /// Whether the secret store answers.
    pub secrets: bool,
}

impl Health {
    /// Whether all services answer.
    pub const fn is_well(self) -> bool {
        self.database && self.secrets
    }
}

/// How long each service may take to answer: whoever asks for the health does not wait much longer either.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the database and the secret store. Needs no permission.
pub async fn health(cx: &Catalog) -> Health {
    let (database, secrets) = tokio::join!(
        timeout(PATIENCE, cx.lookup().server_load()),
        timeout(PATIENCE, cx.secrets.check()),
    );
    if let Ok(Err(error)) = &secrets {
        tracing::warn!(%error, "storage credentials cannot be had");
    }
    Health {
        database: matches!(database, Ok(Ok(_))),
        secrets: matches!(secrets, Ok(Ok(()))),
    }
}
