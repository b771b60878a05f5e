//! Caches the decisions of a service for a while, and asks the same question once for all requests that wait for its
//! answer.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use outbound::Flights;
use quick_cache::sync::Cache;

/// The label `cache_type` of this cache's metrics.
const CACHE: &str = "admission_enforce";

/// The service's decision on a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allow,
    Deny,
}

/// A failure to get a decision is an error, and is not cached.
pub(crate) type Decision = Result<Verdict, String>;

/// The caller's subject and the number of the check.
pub(crate) type Question = (Arc<str>, usize);

/// The cached decisions, bounded in number and time, and the questions that are on their way.
pub(crate) struct Decisions {
    kept: Cache<Question, (Verdict, Instant)>,
    life: Duration,
    open: Arc<Flights<Question, Decision>>,
}

impl fmt::Debug for Decisions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Decisions")
            .field("kept", &self.kept.len())
            .finish_non_exhaustive()
    }
}

impl Decisions {
    /// Caches at most `most` decisions, each for `life`.
    pub(crate) fn new(most: usize, life: Duration) -> Arc<Self> {
        Arc::new(Self {
            kept: Cache::new(most),
            life,
            open: Arc::default(),
        })
    }

    /// The cached decision, or that of a question that is already on its way, or otherwise the result of `ask`.
    pub(crate) async fn get<F>(
        self: &Arc<Self>,
        question: Question,
        ask: impl FnOnce() -> F,
    ) -> Decision
    where
        F: Future<Output = Decision> + Send + 'static,
    {
        if let Some(decision) = self.find(&question) {
            metrics::counter!("lakekeeper_cache_hits_total", "cache_type" => CACHE).increment(1);
            return Ok(decision);
        }
        metrics::counter!("lakekeeper_cache_misses_total", "cache_type" => CACHE).increment(1);
        let keeping = || {
            let (decisions, question) = (Arc::clone(self), question.clone());
            let asked = ask();
            async move {
                let decision = asked.await;
                if let Ok(decision) = decision {
                    decisions.keep(question, decision);
                }
                decision
            }
        };
        let known = || self.find(&question).map(Ok);
        let answer = self.open.get(question.clone(), known, keeping).await;
        answer.unwrap_or_else(|| {
            Err(
                "the question ended without an answer; an error of the catalog is in its log"
                    .to_owned(),
            )
        })
    }

    fn find(&self, question: &Question) -> Option<Verdict> {
        let (decision, until) = self.kept.get(question)?;
        if Instant::now() < until {
            return Some(decision);
        }
        self.kept.remove(question);
        None
    }

    fn keep(&self, question: Question, decision: Verdict) {
        let until = Instant::now() + self.life;
        self.kept.insert(question, (decision, until));
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("lakekeeper_cache_size", "cache_type" => CACHE).set(self.kept.len() as f64);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn about(subject: &str) -> Question {
        (Arc::from(subject), 0)
    }

    /// A question whose answer is `says`, after a moment; counts how often it is asked.
    async fn ask(
        decisions: &Arc<Decisions>,
        subject: &str,
        (says, asked): (Decision, &Arc<AtomicUsize>),
    ) -> Decision {
        let asked = Arc::clone(asked);
        let ask = || async move {
            asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            says
        };
        decisions.get(about(subject), ask).await
    }

    #[tokio::test]
    async fn all_who_wait_for_an_answer_get_the_same_one() {
        let (decisions, asked) = (Decisions::new(10, LONG), Arc::default());
        for (n, says) in [
            Ok(Verdict::Allow),
            Ok(Verdict::Deny),
            Err("away".to_owned()),
        ]
        .into_iter()
        .enumerate()
        {
            let subject = n.to_string();
            let all = (0..50).map(|_| ask(&decisions, &subject, (says.clone(), &asked)));
            let all = join_all(all).await;
            assert!(all.iter().all(|one| *one == says));
            assert_eq!(asked.load(Ordering::SeqCst), n + 1);
        }
        assert!(decisions.open.is_empty());
        // A failure is asked for again; decisions are cached.
        for (subject, says) in [
            ("0", Ok(Verdict::Allow)),
            ("1", Ok(Verdict::Deny)),
            ("2", Ok(Verdict::Allow)),
        ] {
            let other = (Ok(Verdict::Allow), &asked);
            assert_eq!(ask(&decisions, subject, other).await, says);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 4);
    }

    #[tokio::test]
    async fn a_decision_is_forgotten_in_time() {
        let life = Duration::from_millis(50);
        let (decisions, asked) = (Decisions::new(10, life), Arc::default());
        for _ in 0..2 {
            assert_eq!(
                ask(&decisions, "a", (Ok(Verdict::Allow), &asked)).await,
                Ok(Verdict::Allow)
            );
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        tokio::time::sleep(life).await;
        assert_eq!(
            ask(&decisions, "a", (Ok(Verdict::Deny), &asked)).await,
            Ok(Verdict::Deny)
        );
    }

    #[tokio::test]
    async fn no_more_are_kept_than_is_allowed() {
        let (decisions, asked) = (Decisions::new(10, LONG), Arc::default());
        for n in 0..100 {
            let subject = n.to_string();
            ask(&decisions, &subject, (Ok(Verdict::Allow), &asked))
                .await
                .unwrap();
        }
        assert!(decisions.kept.len() <= 10);
    }

    #[tokio::test]
    async fn a_question_that_panics_is_open_no_more() {
        let decisions = Decisions::new(10, LONG);
        let ask = || async { panic!("as ordered") };
        assert!(decisions.get(about("a"), ask).await.is_err());
        assert!(decisions.open.is_empty());
    }
}
