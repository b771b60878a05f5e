//! Whether what the catalog needs is well.

use std::time::Duration;

use tokio::time::timeout;

use crate::Catalog;

/// What answers, and what does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Whether the database answers.
    pub database: bool,
    /// Whether storage credentials can be had.
    pub secrets: bool,
}

impl Health {
    /// Whether all is well.
    pub const fn is_well(self) -> bool {
        self.database && self.secrets
    }
}

/// How long either may take to answer and still be well: whoever asks has not much more patience.
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
