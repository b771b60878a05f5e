//! What ends by itself and is fetched anew before it does: by one request at a time, and kept for all.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::token::{TokenFailure, now};

/// How long a failure is answered to those who ask next, instead of asking the service again.
const FAILURE_LASTS: Duration = Duration::from_secs(2);

/// A key or token, shared by all that need it.
pub(crate) struct Renewed<T> {
    /// What it is, for warnings.
    what: &'static str,
    turn: Mutex<Turn<T>>,
}

/// The newest request, finished or not, and what an earlier one has brought.
struct Turn<T> {
    request: Arc<OnceCell<Outcome<T>>>,
    spare: Option<Fresh<T>>,
}

struct Outcome<T> {
    result: Result<Fresh<T>, TokenFailure>,
    at: Instant,
}

/// What a service has just given.
#[derive(Debug)]
pub(crate) struct Fresh<T> {
    value: Arc<T>,
    renew_at: SystemTime,
    expires_at: SystemTime,
}

impl<T> Clone for Fresh<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            ..*self
        }
    }
}

impl<T> Fresh<T> {
    /// It is asked for anew when it has been used for the part of its life that `used_for` makes of the whole.
    pub(crate) fn new(
        value: T,
        expires_at: SystemTime,
        used_for: impl FnOnce(Duration) -> Duration,
    ) -> Self {
        let now = now();
        let life = expires_at.duration_since(now).unwrap_or_default();
        Self {
            value: Arc::new(value),
            renew_at: now + used_for(life),
            expires_at,
        }
    }
}

impl<T> Renewed<T> {
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            turn: Mutex::new(Turn {
                request: Arc::default(),
                spare: None,
            }),
        }
    }

    /// What is still good. Whoever finds it due waits for the one request for a new one; while none can be had, the old one
    /// serves as long as it lives.
    pub(crate) async fn get(
        &self,
        ask: impl AsyncFnOnce() -> Result<Fresh<T>, TokenFailure>,
    ) -> Result<Arc<T>, TokenFailure> {
        let (request, spare) = self.turn();
        let asked = async || Outcome {
            result: ask().await,
            at: Instant::now(),
        };
        let outcome = request.get_or_init(asked).await;
        match (&outcome.result, spare) {
            (Ok(fresh), _) => Ok(Arc::clone(&fresh.value)),
            // It was early to ask, so that a failing service is not noticed at once.
            (Err(failure), Some(old)) if old.expires_at > now() => {
                tracing::warn!(error = %failure, "{} could not be renewed yet", self.what);
                Ok(old.value)
            }
            (Err(failure), _) => Err(failure.clone()),
        }
    }

    fn turn(&self) -> (Arc<OnceCell<Outcome<T>>>, Option<Fresh<T>>) {
        // What is in it is whole at any time, whoever panicked.
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let over = turn.request.get().map(|outcome| match &outcome.result {
            Ok(fresh) => (fresh.renew_at <= now()).then(|| Some(fresh.clone())),
            Err(_) => (outcome.at.elapsed() >= FAILURE_LASTS).then_some(None),
        });
        if let Some(Some(brought)) = over {
            turn.spare = brought.or(turn.spare.take());
            turn.request = Arc::default();
        }
        (Arc::clone(&turn.request), turn.spare.clone())
    }
}
