//! Asks a question once for all callers that wait for the same answer.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, ready};
use tokio::sync::oneshot;

/// Questions that are on their way. Each is asked in a task of its own, so a caller that goes away does not cancel it
/// for the others.
pub struct Flights<K, A> {
    open: Mutex<HashMap<K, Flight<A>>>,
}

/// The answer to wait for; `None` if the question ended without one.
type Flight<A> = Shared<BoxFuture<'static, Option<A>>>;

impl<K, A> Default for Flights<K, A> {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
        }
    }
}

impl<K, A> fmt::Debug for Flights<K, A> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Flights")
            .field("open", &self.open().len())
            .finish()
    }
}

impl<K, A> Flights<K, A> {
    fn open(&self) -> MutexGuard<'_, HashMap<K, Flight<A>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no question is on its way.
    pub fn is_empty(&self) -> bool {
        self.open().is_empty()
    }
}

impl<K, A> Flights<K, A>
where
    K: Clone + Eq + Hash + Send + 'static,
    A: Clone + Send + Sync + 'static,
{
    /// The answer to the question with this key: that of the question that is already on its way; otherwise
    /// `known()`; otherwise that of `ask`. If `ask` stores its answer where `known` finds it, later callers find it
    /// there. `None` if `ask` panics. Must be called within a Tokio runtime.
    pub async fn get<F>(
        self: &Arc<Self>,
        key: K,
        known: impl FnOnce() -> Option<A>,
        ask: impl FnOnce() -> F,
    ) -> Option<A>
    where
        F: Future<Output = A> + Send + 'static,
    {
        let flight = self.join(key, known, ask);
        flight.await
    }

    fn join<F>(
        self: &Arc<Self>,
        key: K,
        known: impl FnOnce() -> Option<A>,
        ask: impl FnOnce() -> F,
    ) -> Flight<A>
    where
        F: Future<Output = A> + Send + 'static,
    {
        let mut open = self.open();
        if let Some(flight) = open.get(&key) {
            return flight.clone();
        }
        // The question may have been answered since the caller looked at its cache.
        if let Some(answer) = known() {
            return ready(Some(answer)).boxed().shared();
        }
        let (told, heard) = oneshot::channel();
        let flight = heard.map(Result::ok).boxed().shared();
        open.insert(key.clone(), flight.clone());
        // `ask` may panic, and a runtime that ends drops the task at once: either drops `landing`, which takes this lock.
        drop(open);
        let landing = Landing {
            flights: Arc::clone(self),
            key,
        };
        let asked = ask();
        tokio::spawn(async move {
            let answer = asked.await;
            // Removed before the answer is sent: from now on, callers find what `ask` has stored.
            drop(landing);
            let _ = told.send(answer);
        });
        flight
    }
}

/// Removes the question when it is dropped, also after a panic.
struct Landing<K: Eq + Hash, A> {
    flights: Arc<Flights<K, A>>,
    key: K,
}

impl<K: Eq + Hash, A> Drop for Landing<K, A> {
    fn drop(&mut self) {
        self.flights.open().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::future::join_all;

    use super::*;

    /// A question whose answer is how many questions were asked so far.
    async fn ask(
        flights: &Arc<Flights<&'static str, usize>>,
        key: &'static str,
        asked: &Arc<AtomicUsize>,
    ) -> Option<usize> {
        let asked = Arc::clone(asked);
        let ask = || async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            asked.fetch_add(1, Ordering::SeqCst) + 1
        };
        flights.get(key, || None, ask).await
    }

    #[tokio::test]
    async fn all_who_wait_for_an_answer_get_the_same_one() {
        let (flights, asked) = (Arc::default(), Arc::default());
        for turn in 1..=2 {
            let all = join_all((0..50).map(|_| ask(&flights, "a", &asked))).await;
            assert!(all.iter().all(|one| *one == Some(turn)), "{all:?}");
            assert!(flights.is_empty());
        }
        let (one, other) = futures::join!(ask(&flights, "a", &asked), ask(&flights, "b", &asked));
        assert_ne!(one, other);
    }

    #[tokio::test]
    async fn what_is_known_by_now_is_not_asked_for() {
        let flights = Arc::<Flights<_, _>>::default();
        let answer = flights.get("a", || Some(7), || async { 8 }).await;
        assert_eq!(answer, Some(7));
        assert!(flights.is_empty());
    }

    #[tokio::test]
    async fn who_goes_away_takes_the_answer_from_nobody() {
        let (flights, asked) = (Arc::default(), Arc::default());
        let first = ask(&flights, "a", &asked);
        let soon = tokio::time::timeout(Duration::from_millis(1), first).await;
        assert!(soon.is_err());
        assert_eq!(ask(&flights, "a", &asked).await, Some(1));
    }

    #[test]
    fn a_question_that_a_runtime_does_not_take_any_more_blocks_nobody() {
        /// Asks when it is dropped: by a runtime that ends, which drops its tasks and takes no new ones.
        struct Late(Arc<Flights<&'static str, usize>>, tokio::runtime::Handle);
        impl Drop for Late {
            fn drop(&mut self) {
                let _entered = self.1.enter();
                drop(self.0.join("a", || None, || async { 1 }));
            }
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let flights = Arc::<Flights<_, _>>::default();
        let late = Late(Arc::clone(&flights), runtime.handle().clone());
        runtime.spawn(async move {
            let _late = late;
            std::future::pending::<()>().await;
        });
        runtime.shutdown_timeout(Duration::from_mins(1));
        assert!(flights.is_empty());
    }

    #[tokio::test]
    async fn a_question_that_cannot_be_put_together_blocks_nobody() {
        let flights = Arc::<Flights<&str, ()>>::default();
        let joined = Arc::clone(&flights);
        let failed = tokio::spawn(async move {
            let ask = || -> std::future::Ready<()> { panic!("as ordered") };
            joined.get("a", || None, ask).await
        });
        assert!(failed.await.is_err());
        assert!(flights.is_empty());
    }

    #[tokio::test]
    async fn a_question_that_panics_is_open_no_more() {
        let flights = Arc::<Flights<_, ()>>::default();
        let ask = || async { panic!("as ordered") };
        assert_eq!(flights.get("a", || None, ask).await, None);
        assert!(flights.is_empty());
    }
}
