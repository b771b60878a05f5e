//! Drops secrets that no warehouse uses: after a crash between the creation of a secret and its warehouse, or because
//! the secret could not be dropped along with its warehouse.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, SecretId};
use store::SecretRows;
use tokio_util::sync::CancellationToken;

use crate::{Result, SecretStore};

/// Minimum age of dropped secrets; a younger one may belong to a warehouse that is being created.
const UNUSED_FOR: Duration = Duration::from_hours(1);
const EVERY: Duration = Duration::from_mins(1);
const BATCH: u32 = 100;

/// The background loop that drops unused secrets.
#[derive(Clone)]
pub struct Sweeper {
    /// The rows of all secrets, including notes of those that are stored elsewhere.
    pub rows: Arc<dyn SecretRows + Send + Sync>,
    /// The store of the secrets.
    pub secrets: Arc<dyn SecretStore>,
    /// The clock that the age of secrets is measured by.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Sweeper {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sweeper({:?})", self.secrets)
    }
}

impl Sweeper {
    /// Runs until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let round = async {
                match self.once().await {
                    Ok(0) => {}
                    Ok(dropped) => {
                        tracing::info!(dropped, "unused storage credentials were deleted");
                    }
                    Err(error) => {
                        tracing::warn!(%error, "unused storage credentials could not be deleted; it will be tried again");
                    }
                }
                tokio::time::sleep(EVERY).await;
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = round => {}
            }
        }
    }

    /// Drops all unused secrets and returns their number. If some cannot be dropped, the others are dropped all the
    /// same, and the first error is returned.
    pub async fn once(&self) -> Result<u64> {
        let before = self.clock.now().minus(UNUSED_FOR);
        let (mut dropped, mut after, mut failed) = (0, None, None);
        loop {
            let orphans = self.rows.secret_orphans(before, after, BATCH).await?;
            after = orphans.last().copied();
            for id in &orphans {
                match self.drop(*id).await {
                    Ok(()) => dropped += 1,
                    Err(error) => {
                        tracing::warn!(%id, %error, "an unused storage credential could not be deleted");
                        failed = failed.or(Some(error));
                    }
                }
            }
            if orphans.len() < BATCH as usize {
                return failed.map_or(Ok(dropped), Err);
            }
        }
    }

    async fn drop(&self, id: SecretId) -> Result<()> {
        SecretStore::drop(self.secrets.as_ref(), id).await?;
        // A secret store of an embedding program does not remove the row itself.
        self.rows.secret_drop(id).await?;
        Ok(())
    }
}
