//! Gathers the lookups of concurrent requests into one statement per round trip.
//!
//! While one batch is on its way to the database, further keys wait; the next batch takes all that wait. A batch is
//! sent only after its keys have arrived, so each answer is as fresh as a lookup of its own, at a fraction of the price.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::{ResolveKey, Resolved, Resolver, Result, StoreError};

/// Most keys of one statement.
const BATCH: usize = 256;
/// Most keys that wait. Requests beyond wait for a place.
const WAITING: usize = 4_096;

struct Waiting {
    key: ResolveKey,
    answer: oneshot::Sender<Result<Resolved>>,
}

/// Looks names up through a gathered statement.
#[derive(Clone)]
pub struct Gathered {
    waiting: mpsc::Sender<Waiting>,
}

impl fmt::Debug for Gathered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Gathered")
    }
}

impl Gathered {
    /// Starts `lanes` gatherers over the resolver; they end when the last clone of this handle is dropped.
    pub fn start(resolver: &Arc<dyn Resolver + Send + Sync>, lanes: usize) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        for _ in 0..lanes.max(1) {
            tokio::spawn(keep_running(Arc::clone(resolver), Arc::clone(&receiver)));
        }
        Self { waiting: sender }
    }

    /// Looks one key up in a statement that begins after this call.
    pub async fn resolve(&self, key: ResolveKey) -> Result<Resolved> {
        let (answer, answered) = oneshot::channel();
        let stopped = || StoreError::Unavailable("the look-up was broken off".into());
        self.waiting
            .send(Waiting { key, answer })
            .await
            .map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

type Receiver = Arc<tokio::sync::Mutex<mpsc::Receiver<Waiting>>>;

/// A panic in a resolver fails the batch that met it and no other.
async fn keep_running(resolver: Arc<dyn Resolver + Send + Sync>, receiver: Receiver) {
    loop {
        let lane = tokio::spawn(run(Arc::clone(&resolver), Arc::clone(&receiver)));
        match lane.await {
            Err(error) if error.is_panic() => {}
            Ok(()) | Err(_) => return,
        }
    }
}

async fn run(resolver: Arc<dyn Resolver + Send + Sync>, receiver: Receiver) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        {
            let mut receiver = receiver.lock().await;
            if receiver.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
            // Whoever is about to ask comes along: a statement for twelve keys costs hardly more than one for two.
            tokio::task::yield_now().await;
            while batch.len() < BATCH
                && let Ok(waiting) = receiver.try_recv()
            {
                batch.push(waiting);
            }
        }
        let waiting = batch.drain(..).map(|waiting| (waiting.key, waiting.answer));
        let (keys, answers): (Vec<_>, Vec<_>) = waiting.unzip();
        match resolver.resolve(keys).await {
            Ok(found) => {
                for (answer, resolved) in answers.into_iter().zip(found) {
                    let _ = answer.send(Ok(resolved));
                }
            }
            Err(error) => fail(answers, &error),
        }
    }
}

fn fail(answers: Vec<oneshot::Sender<Result<Resolved>>>, error: &StoreError) {
    let text = error.to_string();
    for answer in answers {
        let error = match error {
            StoreError::Unavailable(_) => StoreError::Unavailable(text.clone().into()),
            _ => StoreError::Internal(text.clone().into()),
        };
        let _ = answer.send(Err(error));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;
    use model::{NamespaceKey, NamespacePath, Version, WarehouseId};

    use super::*;
    use crate::{ResolveTarget, WarehouseStamp, WarehouseStatus};

    /// Answers with the batch's size as version.
    #[derive(Debug, Default)]
    struct Counting {
        batches: Mutex<Vec<usize>>,
    }

    #[async_trait]
    impl Resolver for Counting {
        async fn resolve(&self, keys: Vec<ResolveKey>) -> Result<Vec<Resolved>> {
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.batches.lock().unwrap().push(keys.len());
            if keys
                .iter()
                .any(|key| matches!(key.target, ResolveTarget::NamespaceRow(_)))
            {
                panic!("a bug");
            }
            if keys
                .iter()
                .any(|key| matches!(key.target, ResolveTarget::Namespace(_)))
            {
                return Err(StoreError::Unavailable("down".into()));
            }
            let version = Version::from_i64(i64::try_from(keys.len()).unwrap());
            let stamp = WarehouseStamp {
                version,
                status: WarehouseStatus::Active,
                grants: Version::FIRST,
            };
            Ok(keys
                .iter()
                .map(|_| Resolved {
                    warehouse: Some(stamp),
                    ..Resolved::default()
                })
                .collect())
        }
    }

    fn key() -> ResolveKey {
        ResolveKey {
            warehouse: WarehouseId::generate(),
            target: ResolveTarget::Warehouse,
        }
    }

    fn namespace() -> NamespaceKey {
        NamespacePath::parse(vec!["a".to_owned()])
            .unwrap()
            .key()
            .clone()
    }

    #[tokio::test]
    async fn what_waits_for_the_database_shares_the_next_statement() {
        let counting = Arc::new(Counting::default());
        let resolver: Arc<dyn Resolver + Send + Sync> = counting.clone();
        let gathered = Gathered::start(&resolver, 1);
        let first = tokio::spawn({
            let gathered = gathered.clone();
            async move { gathered.resolve(key()).await }
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        let rest: Vec<_> = (0..50)
            .map(|_| {
                let gathered = gathered.clone();
                tokio::spawn(async move { gathered.resolve(key()).await })
            })
            .collect();
        assert!(first.await.unwrap().is_ok());
        for one in rest {
            assert_eq!(
                one.await
                    .unwrap()
                    .unwrap()
                    .warehouse
                    .unwrap()
                    .version
                    .as_i64(),
                50
            );
        }
        assert_eq!(*counting.batches.lock().unwrap(), [1, 50]);
    }

    #[tokio::test]
    async fn a_failed_statement_fails_each_of_its_requests() {
        let resolver: Arc<dyn Resolver + Send + Sync> = Arc::new(Counting::default());
        let gathered = Gathered::start(&resolver, 1);
        let target = ResolveTarget::Namespace(namespace());
        let failed = gathered.resolve(ResolveKey { target, ..key() }).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))));
        assert!(gathered.resolve(key()).await.is_ok());
    }

    #[tokio::test]
    async fn a_panic_fails_its_batch_and_no_later_one() {
        let resolver: Arc<dyn Resolver + Send + Sync> = Arc::new(Counting::default());
        let gathered = Gathered::start(&resolver, 1);
        let target = ResolveTarget::NamespaceRow(namespace());
        let failed = gathered.resolve(ResolveKey { target, ..key() }).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))));
        assert!(gathered.resolve(key()).await.is_ok());
    }
}
