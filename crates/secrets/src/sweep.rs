//! Drops secrets that nothing refers to: what a crash has left between a secret and its warehouse, and what could not be
//! dropped when its warehouse was.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, SecretId};
use store::SecretRows;
use tokio_util::sync::CancellationToken;

use crate::{Result, SecretStore};

/// Whatever is younger may belong to a warehouse that is being created.
const UNUSED_FOR: Duration = Duration::from_hours(1);
const EVERY: Duration = Duration::from_mins(1);
const BATCH: u32 = 100;

/// The background loop that drops orphans.
#[derive(Clone)]
pub struct Sweeper {
    /// What is known of all secrets, wherever they are kept.
    pub rows: Arc<dyn SecretRows + Send + Sync>,
    /// Where they are kept.
    pub secrets: Arc<dyn SecretStore>,
    /// The time.
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

    /// Drops all orphans there are now; says how many. One that cannot be dropped keeps none behind it, and is the error in the end.
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
        // A store that is none of ours does not know of the row.
        self.rows.secret_drop(id).await?;
        Ok(())
    }
}
