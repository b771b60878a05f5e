//! Keys and tokens that expire, renewed before they do: by one request at a time, for all callers.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::token::{TokenFailure, now};

/// How long a failure is returned to further callers before the service is asked again.
const FAILURE_LASTS: Duration = Duration::from_secs(2);

/// A key or token, shared by all callers that need it.
pub(crate) struct Renewed<T> {
    /// Its name, for warnings.
    what: &'static str,
    state: Mutex<State<T>>,
}

/// The newest request, finished or not, and the value that an earlier one brought.
struct State<T> {
    request: Arc<OnceCell<Outcome<T>>>,
    spare: Option<Fresh<T>>,
}

struct Outcome<T> {
    result: Result<Fresh<T>, TokenFailure>,
    at: Instant,
}

/// A key or token as a service gave it, and when to renew it.
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
    /// `used_for` gets the whole life of the value and returns the time after which the value is renewed.
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
            state: Mutex::new(State {
                request: Arc::default(),
                spare: None,
            }),
        }
    }

    /// The current value. Callers that find it due for renewal wait for one shared request for a new value. If this
    /// request fails, they get the old value until it expires.
    pub(crate) async fn get(
        &self,
        ask: impl AsyncFnOnce() -> Result<Fresh<T>, TokenFailure>,
    ) -> Result<Arc<T>, TokenFailure> {
        let (request, spare) = self.current_request();
        let asked = async || Outcome {
            result: ask().await,
            at: Instant::now(),
        };
        let outcome = request.get_or_init(asked).await;
        match (&outcome.result, spare) {
            (Ok(fresh), _) => Ok(Arc::clone(&fresh.value)),
            // Renewal begins early, so that the old value still serves while the service fails.
            (Err(failure), Some(old)) if old.expires_at > now() => {
                tracing::warn!(error = %failure, "{} could not be renewed yet", self.what);
                Ok(old.value)
            }
            (Err(failure), _) => Err(failure.clone()),
        }
    }

    fn current_request(&self) -> (Arc<OnceCell<Outcome<T>>>, Option<Fresh<T>>) {
        // A panic elsewhere cannot leave the state half changed.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let over = state.request.get().map(|outcome| match &outcome.result {
            Ok(fresh) => (fresh.renew_at <= now()).then(|| Some(fresh.clone())),
            Err(_) => (outcome.at.elapsed() >= FAILURE_LASTS).then_some(None),
        });
        if let Some(Some(brought)) = over {
            state.spare = brought.or(state.spare.take());
            state.request = Arc::default();
        }
        (Arc::clone(&state.request), state.spare.clone())
    }
}
