//! Notes in the database of secrets that are kept elsewhere, so that none is forgotten there.

use std::fmt;
use std::sync::Arc;

use model::{Clock, SecretId};
use store::SecretRows;

use crate::{Result, sealed};

/// For stores that keep secrets outside of the database: what a [`Sweeper`](crate::Sweeper) knows orphans by.
#[derive(Clone)]
pub struct Ledger {
    rows: Arc<dyn SecretRows + Send + Sync>,
    clock: Arc<dyn Clock>,
}

impl Ledger {
    /// Notes in `rows`.
    pub fn new(rows: Arc<dyn SecretRows + Send + Sync>, clock: Arc<dyn Clock>) -> Self {
        Self { rows, clock }
    }

    /// A new id, noted before anything is kept under it.
    pub async fn begin(&self) -> Result<SecretId> {
        let id = SecretId::generate();
        let (note, now) = (sealed::note(), self.clock.now());
        self.rows.secret_create(id, note, now).await?;
        Ok(id)
    }

    /// Nothing is kept under this id any more.
    pub async fn end(&self, id: SecretId) -> Result<()> {
        Ok(self.rows.secret_drop(id).await?)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Ledger")
    }
}
