//! Feeds OpenFGA with what has changed in the database.
//!
//! The database is the record; each change of it that decisions depend on is in its feed, written by the same transaction
//! (`store::Mirror`). Whoever is about to ask OpenFGA has the feed handed over first, so a decision is never older than the request.
//! One look at an empty feed serves all that wait for it.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use store::{FactChange, FactState, Fed, MirrorSink, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::client::{Client, DEADLINE, Location};
use crate::messages::TupleKey;
use crate::model::Model;
use crate::tuples::Names;

/// Most changes that are handed over at once: as many tuples as OpenFGA takes in one request.
pub(crate) const PORTION: u32 = 100;

/// Without anybody who asks, the feed is looked at so often: a replica may have died before it could.
const IDLE: Duration = Duration::from_secs(1);

/// While another replica is at it, how often to look, and how many times.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: u32 = 500;

/// Most callers that wait. More are answered that OpenFGA is not available.
const WAITING: usize = 10_000;

/// How long a caller waits for the feed to be handed over.
const PATIENCE: Duration = Duration::from_secs(10);

/// The feed was not handed over.
#[derive(Debug, Clone, thiserror::Error)]
#[error("OpenFGA has not taken in the latest changes: {0}")]
pub(crate) struct Behind(Arc<str>);

impl Behind {
    fn because(why: &(impl ToString + ?Sized)) -> Self {
        Self(why.to_string().into())
    }
}

type Waiting = oneshot::Sender<Result<(), Behind>>;

/// Has the feed handed over. Its task ends when the last of these is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Feed(mpsc::Sender<Waiting>);

impl Feed {
    /// Starts to feed, on the current Tokio runtime.
    pub(crate) fn start(store: Arc<dyn Store>, sink: Tuples) -> Self {
        let (asked, asks) = mpsc::channel(WAITING);
        tokio::spawn(work(store, sink, asks));
        Self(asked)
    }

    /// Waits until OpenFGA knows every change that had been committed before this was called.
    pub(crate) async fn handed_over(&self) -> Result<(), Behind> {
        let (done, wait) = oneshot::channel();
        let asked = self.0.try_send(done);
        asked.map_err(|_| Behind::because(&format!("{WAITING} requests wait for that already")))?;
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(Ok(handed_over)) => handed_over,
            Ok(Err(_)) => Err(Behind::because("the program is ending")),
            Err(_) => Err(Behind::because(&format!(
                "not within {} s",
                PATIENCE.as_secs()
            ))),
        }
    }
}

async fn work(store: Arc<dyn Store>, sink: Tuples, mut asks: mpsc::Receiver<Waiting>) {
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
        let done = hand_over(store.as_ref(), &sink).await;
        let failed = done.as_ref().err().cloned();
        for one in waiting {
            // Whoever does not wait any more has been answered.
            drop(one.send(done.clone()));
        }
        if let Some(behind) = failed {
            tracing::warn!(%behind, "trying again");
            // What has been given up may still be on its way: it must not come after what is sent next.
            tokio::time::sleep(DEADLINE).await;
        }
    }
}

/// Hands over all that was committed before this began.
pub(crate) async fn hand_over(store: &dyn Store, sink: &Tuples) -> Result<(), Behind> {
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

/// OpenFGA, as the one who is fed.
#[derive(Debug, Clone)]
pub(crate) struct Tuples {
    pub(crate) client: Client,
    pub(crate) at: Location,
    pub(crate) names: Names,
    pub(crate) model: Arc<Model>,
}

#[async_trait]
impl MirrorSink for Tuples {
    async fn apply(&self, changes: &[FactChange]) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut last: HashMap<TupleKey, FactState> = HashMap::new();
        for change in changes {
            let tuple = self.names.tuple(&change.fact);
            // OpenFGA refuses what its model does not know, and everything with it.
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
