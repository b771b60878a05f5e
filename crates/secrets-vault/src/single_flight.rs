//! Lets many concurrent callers share one execution of some work.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Executes work for one caller at a time. Callers that wait meanwhile get the same result, even if it is an error.
#[derive(Debug)]
pub(crate) struct SingleFlight<T> {
    turn: Semaphore,
    last: Mutex<Option<(Instant, T)>>,
}

impl<T: Clone> SingleFlight<T> {
    pub(crate) const fn new() -> Self {
        Self {
            turn: Semaphore::const_new(1),
            last: Mutex::new(None),
        }
    }

    /// The result of the work. A result that was finished at most `age` before this call is reused; otherwise `work`
    /// runs.
    pub(crate) async fn get(&self, age: Duration, work: impl Future<Output = T>) -> T {
        let asked = Instant::now();
        if let Some(known) = self.since(asked, age) {
            return known;
        }
        // The semaphore is never closed. If it were, the work would only run without being shared.
        let _turn = self.turn.acquire().await.ok();
        if let Some(known) = self.since(asked, age) {
            return known;
        }
        let done = work.await;
        let kept = Some((Instant::now(), done.clone()));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        done
    }

    fn since(&self, asked: Instant, age: Duration) -> Option<T> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, value) = last.as_ref()?;
        (*at + age > asked).then(|| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_get_one_answer_and_whoever_comes_later_another() {
        let flight = Arc::new(SingleFlight::new());
        let done = Arc::new(AtomicUsize::new(0));
        let ask = || {
            let (flight, done) = (Arc::clone(&flight), Arc::clone(&done));
            tokio::spawn(async move {
                let work = async {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    done.fetch_add(1, Ordering::Relaxed)
                };
                flight.get(Duration::ZERO, work).await
            })
        };
        for round in 0..3 {
            let asked: Vec<_> = (0..100).map(|_| ask()).collect();
            for one in asked {
                assert_eq!(one.await.unwrap(), round);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_the_work_to_the_next() {
        let flight = SingleFlight::new();
        let never = flight.get(Duration::ZERO, std::future::pending());
        let given_up = tokio::time::timeout(Duration::from_secs(1), never).await;
        assert!(given_up.is_err());
        assert_eq!(flight.get(Duration::ZERO, async { 1 }).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_counts_as_long_as_it_may() {
        let flight = SingleFlight::new();
        let age = Duration::from_secs(5);
        assert_eq!(flight.get(age, async { 1 }).await, 1);
        tokio::time::advance(Duration::from_millis(4_999)).await;
        assert_eq!(flight.get(age, async { 2 }).await, 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(flight.get(age, async { 3 }).await, 3);
    }
}
