//! Records in the database the ids of secrets that are stored elsewhere, so that none is left behind there.

use std::fmt;
use std::sync::Arc;

use model::{Clock, SecretId};
use store::SecretRows;

use crate::{Result, sealed};

/// For stores outside of the database: the records by which a [`Sweeper`](crate::Sweeper) finds orphaned secrets.
#[derive(Clone)]
pub struct Ledger {
    rows: Arc<dyn SecretRows + Send + Sync>,
    clock: Arc<dyn Clock>,
}

impl Ledger {
    /// Records ids in `rows`.
    pub fn new(rows: Arc<dyn SecretRows + Send + Sync>, clock: Arc<dyn Clock>) -> Self {
        Self { rows, clock }
    }

    /// Generates an id and records it. Must be called before a secret is stored under the id.
    pub async fn begin(&self) -> Result<SecretId> {
        let id = SecretId::generate();
        let (note, now) = (sealed::note(), self.clock.now());
        self.rows.secret_create(id, note, now).await?;
        Ok(id)
    }

    /// Removes the record. Must be called after the secret has been removed.
    pub async fn end(&self, id: SecretId) -> Result<()> {
        Ok(self.rows.secret_drop(id).await?)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Ledger")
    }
}
