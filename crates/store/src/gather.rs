//! Gathers the questions of concurrent requests into one statement per round trip.
//!
//! While one batch is on its way to the database, further questions wait; the next batch takes all that wait. A
//! batch is sent only after its questions have arrived, so each answer is as fresh as that of a statement of its
//! own, at a fraction of the cost.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::{ResolveKey, Resolved, Resolver, Result, StoreError};

/// Most look-ups in one statement.
const LOOKUPS: usize = 256;
/// Most waiting questions. Further callers wait for a place in the queue.
const WAITING: usize = 4_096;

/// Answers in the order of the questions.
type Answers<A> = Pin<Box<dyn Future<Output = Result<Vec<A>>> + Send>>;

struct Waiting<Q, A> {
    question: Q,
    answer: oneshot::Sender<Result<A>>,
}

/// A handle that asks questions `Q` and returns answers `A` through gathered statements; resolves names by
/// default.
pub struct Gathered<Q = ResolveKey, A = Resolved> {
    waiting: mpsc::Sender<Waiting<Q, A>>,
}

impl<Q, A> Clone for Gathered<Q, A> {
    fn clone(&self) -> Self {
        Self {
            waiting: self.waiting.clone(),
        }
    }
}

impl<Q, A> fmt::Debug for Gathered<Q, A> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Gathered")
    }
}

/// How much is asked at once.
#[derive(Debug, Clone, Copy)]
pub struct Gathering {
    /// Most statements that are on their way at once.
    pub lanes: usize,
    /// Most questions in one statement.
    pub batch: usize,
}

impl Gathered {
    /// Resolves names with the resolver, in at most `lanes` statements at once.
    pub fn start(resolver: &Arc<dyn Resolver + Send + Sync>, lanes: usize) -> Self {
        let resolver = Arc::clone(resolver);
        let batch = LOOKUPS;
        Self::asking(Gathering { lanes, batch }, move |keys| {
            let resolver = Arc::clone(&resolver);
            Box::pin(async move { resolver.resolve(keys).await })
        })
    }

    /// Resolves one key in a statement that begins after this call.
    pub async fn resolve(&self, key: ResolveKey) -> Result<Resolved> {
        self.ask(key).await
    }
}

impl<Q: Send + 'static, A: Send + 'static> Gathered<Q, A> {
    /// Starts the gatherers. `all` answers several questions, in their order. The gatherers end when the last
    /// clone of this handle is dropped.
    pub fn asking(
        gathering: Gathering,
        all: impl Fn(Vec<Q>) -> Answers<A> + Send + Sync + 'static,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let shared = Arc::new(Shared {
            all: Box::new(all),
            receiver: tokio::sync::Mutex::new(receiver),
            batch: gathering.batch.max(1),
        });
        for _ in 0..gathering.lanes.max(1) {
            tokio::spawn(keep_running(Arc::clone(&shared)));
        }
        Self { waiting: sender }
    }

    /// Asks one question in a statement that begins after this call.
    pub async fn ask(&self, question: Q) -> Result<A> {
        let (answer, answered) = oneshot::channel();
        let stopped = || StoreError::Unavailable("the look-up was broken off".into());
        self.waiting
            .send(Waiting { question, answer })
            .await
            .map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

/// What the gatherers share.
struct Shared<Q, A> {
    all: Box<dyn Fn(Vec<Q>) -> Answers<A> + Send + Sync>,
    receiver: tokio::sync::Mutex<mpsc::Receiver<Waiting<Q, A>>>,
    batch: usize,
}

/// Runs a gatherer and restarts it after a panic, which fails only the batch that it was working on.
async fn keep_running<Q: Send + 'static, A: Send + 'static>(shared: Arc<Shared<Q, A>>) {
    loop {
        let lane = tokio::spawn(run(Arc::clone(&shared)));
        match lane.await {
            Err(error) if error.is_panic() => {}
            Ok(()) | Err(_) => return,
        }
    }
}

async fn run<Q: Send + 'static, A: Send + 'static>(shared: Arc<Shared<Q, A>>) {
    let most = shared.batch;
    let mut batch = Vec::with_capacity(most);
    loop {
        {
            let mut receiver = shared.receiver.lock().await;
            if receiver.recv_many(&mut batch, most).await == 0 {
                return;
            }
            // Let tasks that are about to ask join this batch: a statement for twelve keys costs hardly more than
            // one for two.
            tokio::task::yield_now().await;
            while batch.len() < most
                && let Ok(waiting) = receiver.try_recv()
            {
                batch.push(waiting);
            }
        }
        let waiting = batch
            .drain(..)
            .map(|waiting| (waiting.question, waiting.answer));
        let (questions, answers): (Vec<_>, Vec<_>) = waiting.unzip();
        match (shared.all)(questions).await {
            Ok(found) => {
                for (answer, one) in answers.into_iter().zip(found) {
                    let _ = answer.send(Ok(one));
                }
            }
            Err(error) => fail(answers, &error),
        }
    }
}

fn fail<A>(answers: Vec<oneshot::Sender<Result<A>>>, error: &StoreError) {
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

    /// Answers with the size of the batch as the version.
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
