//! Hands over the database's changes to OpenFGA.
//!
//! The database is the record. Each change that decisions depend on is also written to the database's feed, in the same
//! transaction (`store::Mirror`). Before a request asks OpenFGA, it waits until the feed has been handed over, so that no
//! decision is older than its request. Requests that wait at the same time are served by the same look at the feed.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jobs::caught;
use store::{FactChange, FactState, Fed, MirrorSink, Store};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::client::{Client, Location};
use crate::messages::TupleKey;
use crate::model::Model;
use crate::tuples::Names;

/// Most changes that are handed over at once: as many tuples as OpenFGA takes in one request.
pub(crate) const PORTION: u32 = 100;

/// How often the feed is handed over when no request waits for it: a replica may have died before it did so.
const IDLE: Duration = Duration::from_secs(1);

/// While another replica hands over the feed: the pause between two looks, and the most looks.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: u32 = 500;

/// The pause between a failure and the next attempt.
const PAUSE: Duration = Duration::from_secs(1);

/// Most requests that wait. Further ones fail at once, as OpenFGA is not available to them.
const WAITING: usize = 10_000;

/// How long a request waits until the feed has been handed over.
const PATIENCE: Duration = Duration::from_secs(10);

/// The error when the task that hands over the feed has ended.
const ENDING: &str = "the program is ending";

/// The feed was not handed over, so OpenFGA may lack changes.
#[derive(Debug, Clone, thiserror::Error)]
#[error("OpenFGA has not taken in the latest changes: {0}")]
pub(crate) struct Behind(Arc<str>);

impl Behind {
    fn because(why: &(impl ToString + ?Sized)) -> Self {
        Self(why.to_string().into())
    }
}

type Waiting = oneshot::Sender<Result<(), Behind>>;

/// A handle to the task that hands over the feed. The task ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Feed(mpsc::Sender<Waiting>);

impl Feed {
    /// Starts the task on the current Tokio runtime.
    pub(crate) fn start(store: Arc<dyn Store>, sink: OpenFgaSink) -> Self {
        let sink = Arc::new(sink);
        Self::by(move || {
            let (store, sink) = (Arc::clone(&store), Arc::clone(&sink));
            async move { hand_over(store.as_ref(), &sink).await }
        })
    }

    fn by<F>(hand_over: impl Fn() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), Behind>> + Send + 'static,
    {
        let (asked, asks) = mpsc::channel(WAITING);
        tokio::spawn(work(hand_over, asks));
        Self(asked)
    }

    /// Waits until OpenFGA has taken in every change that was committed before this call.
    pub(crate) async fn handed_over(&self) -> Result<(), Behind> {
        let (done, wait) = oneshot::channel();
        self.0.try_send(done).map_err(|error| match error {
            TrySendError::Full(_) => {
                Behind::because(&format!("{WAITING} requests wait for that already"))
            }
            TrySendError::Closed(_) => Behind::because(ENDING),
        })?;
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(Ok(handed_over)) => handed_over,
            Ok(Err(_)) => Err(Behind::because(ENDING)),
            Err(_) => Err(Behind::because(&format!(
                "not within {} s",
                PATIENCE.as_secs()
            ))),
        }
    }
}

async fn work<F>(hand_over: impl Fn() -> F, mut asks: mpsc::Receiver<Waiting>)
where
    F: Future<Output = Result<(), Behind>>,
{
    let mut idle = tokio::time::interval(IDLE);
    idle.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut waiting = Vec::new();
        tokio::select! {
            asked = asks.recv() => match asked {
                Some(asked) => waiting.push(asked),
                None => return,
            },
            _ = idle.tick() => {}
        }
        while let Ok(asked) = asks.try_recv() {
            waiting.push(asked);
        }
        // A panic fails the requests that wait now; the next request causes another attempt.
        let done = caught("feeding OpenFGA", hand_over())
            .await
            .unwrap_or_else(|| {
                Err(Behind::because(
                    "an error of the catalog, which is in its log",
                ))
            });
        let failed = done.as_ref().err().cloned();
        for one in waiting {
            // Sending fails if the request does not wait any more.
            drop(one.send(done.clone()));
        }
        if let Some(behind) = failed {
            tracing::warn!(%behind, "trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Hands over all changes that were committed before this call.
pub(crate) async fn hand_over(store: &dyn Store, sink: &OpenFgaSink) -> Result<(), Behind> {
    let mut looks = 0;
    loop {
        match store.mirror_feed(PORTION, sink).await {
            Ok(Fed::All) => return Ok(()),
            Ok(Fed::More) => {}
            Ok(Fed::Elsewhere) => {
                looks += 1;
                if looks > LOOKS {
                    return Err(Behind::because("another replica does not get on with it"));
                }
                tokio::time::sleep(LOOK).await;
            }
            Ok(Fed::Off) => {
                let why = "a replica with another backend has switched that off: run `lakekeeper migrate`";
                return Err(Behind::because(&why));
            }
            Ok(Fed::Refused(why)) => return Err(Behind::because(&why)),
            Err(error) => return Err(Behind::because(&error)),
        }
    }
}

/// OpenFGA as the receiver of the feed.
#[derive(Debug, Clone)]
pub(crate) struct OpenFgaSink {
    pub(crate) client: Client,
    pub(crate) at: Location,
    pub(crate) names: Names,
    pub(crate) model: Arc<Model>,
}

#[async_trait]
impl MirrorSink for OpenFgaSink {
    async fn apply(&self, changes: &[FactChange]) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut last: HashMap<TupleKey, FactState> = HashMap::new();
        for change in changes {
            let tuple = self.names.tuple(&change.fact);
            // OpenFGA would refuse the whole write because of one tuple that its model does not know.
            if self.model.takes(&tuple) {
                last.insert(tuple, change.state);
            } else {
                tracing::warn!(?tuple, "the model of OpenFGA has no place for it");
            }
        }
        let (mut writes, mut deletes) = (Vec::new(), Vec::new());
        for (tuple, state) in last {
            match state {
                FactState::Holds => writes.push(tuple),
                FactState::Ended => deletes.push(tuple),
            }
        }
        if !writes.is_empty() || !deletes.is_empty() {
            self.client.write(&self.at, writes, deletes).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_panic_fails_those_who_wait_and_nobody_after_them() {
        let times = AtomicUsize::new(0);
        let feed = Feed::by(move || {
            let before = times.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(before > 0, "as it was told");
                Ok(())
            }
        });
        let failed = feed.handed_over().await.unwrap_err().to_string();
        assert!(failed.contains("an error of the catalog"), "{failed}");
        feed.handed_over().await.unwrap();
    }

    #[tokio::test]
    async fn too_many_who_wait_are_told_apart_from_the_end() {
        let (asked, asks) = mpsc::channel(1);
        let feed = Feed(asked);
        feed.0.try_send(oneshot::channel().0).unwrap();
        let full = feed.handed_over().await.unwrap_err().to_string();
        assert!(full.contains("10000 requests wait"), "{full}");
        drop(asks);
        let ended = feed.handed_over().await.unwrap_err().to_string();
        assert!(ended.contains("the program is ending"), "{ended}");
    }
}
