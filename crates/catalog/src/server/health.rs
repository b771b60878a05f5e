//! Whether what the catalog needs is well.

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

/// Asks the database and the secret store. Needs no permission.
pub async fn health(cx: &Catalog) -> Health {
    let (database, secrets) = tokio::join!(cx.lookup().server_load(), cx.secrets.check());
    if let Err(error) = &secrets {
        tracing::warn!(%error, "storage credentials cannot be had");
    }
    Health {
        database: database.is_ok(),
        secrets: secrets.is_ok(),
    }
}
