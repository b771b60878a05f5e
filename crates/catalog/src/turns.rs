//! Commits to one table take turns within a replica: whoever waits here would otherwise write a metadata file for
//! nothing and lose the race in the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::TabularId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Who is committing to which table.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    tables: Mutex<HashMap<TabularId, Arc<Semaphore>>>,
}

/// The right to commit to a table, first come first served. Not needed for correctness: the database decides.
#[derive(Debug)]
pub(crate) struct Turn {
    _permits: Vec<OwnedSemaphorePermit>,
}

impl Turns {
    /// Waits for the turn on all of the tables. They are taken in the order of their ids, so that no two commits wait for each
    /// other.
    pub(crate) async fn take(&self, mut tables: Vec<TabularId>) -> Turn {
        tables.sort_unstable();
        tables.dedup();
        let mut permits = Vec::with_capacity(tables.len());
        for table in tables {
            let semaphore = self.semaphore(table);
            // The semaphore is never closed.
            if let Ok(permit) = semaphore.acquire_owned().await {
                permits.push(permit);
            }
        }
        Turn { _permits: permits }
    }

    fn semaphore(&self, table: TabularId) -> Arc<Semaphore> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.len() > 1_024 {
            tables.retain(|_, semaphore| {
                Arc::strong_count(semaphore) > 1 || semaphore.available_permits() == 0
            });
        }
        Arc::clone(
            tables
                .entry(table)
                .or_insert_with(|| Arc::new(Semaphore::new(1))),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_no_deadlock_whatever_the_order() {
        let turns = Arc::new(Turns::default());
        let (a, b) = (TabularId::generate(), TabularId::generate());
        let first = turns.take(vec![a, b]).await;
        let second = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.take(vec![b, a, b]).await }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!second.is_finished());
        drop(first);
        assert!(second.await.is_ok());
    }
}
