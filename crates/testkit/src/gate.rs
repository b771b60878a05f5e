//! An authorizer that keeps commits waiting, so that a test decides which commits are concurrent.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use authz::{Action, Authorizer, AuthorizerUnavailable, Check, Decision, TableAction};
use model::Caller;
use tokio::sync::watch;

/// Allows everything, but makes commits to tables wait until it is opened. It can be told to deny or panic then.
#[derive(Debug)]
pub struct GateAuthorizer {
    open: watch::Sender<bool>,
    denials: AtomicUsize,
    /// The panic comes when this counts down from 1; never if it is 0.
    until_panic: AtomicUsize,
}

impl Default for GateAuthorizer {
    fn default() -> Self {
        Self {
            open: watch::Sender::new(false),
            denials: AtomicUsize::new(0),
            until_panic: AtomicUsize::new(0),
        }
    }
}

impl GateAuthorizer {
    /// Lets commits pass from now on.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Denies the next so many commits.
    pub fn deny_next(&self, commits: usize) {
        self.denials.store(commits, Ordering::SeqCst);
    }

    /// Panics once, at the commit after so many others.
    pub fn panic_after(&self, commits: usize) {
        self.until_panic.store(commits + 1, Ordering::SeqCst);
    }

    async fn pass(&self) -> Decision {
        let mut open = self.open.subscribe();
        // Fails only if the sender is dropped, but `self` owns it.
        let _ = open.wait_for(|is_open| *is_open).await;
        assert_ne!(count_down(&self.until_panic), Some(1), "as ordered");
        match count_down(&self.denials) {
            Some(_) => Decision::Deny,
            None => Decision::Allow,
        }
    }
}

/// Decrements the counter; returns its value before, or `None` if it was 0 already.
fn count_down(counter: &AtomicUsize) -> Option<usize> {
    let one_less = |left: usize| left.checked_sub(1);
    let counted = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
    counted.ok()
}

#[async_trait]
impl Authorizer for GateAuthorizer {
    fn name(&self) -> &'static str {
        "gate"
    }

    async fn decide(
        &self,
        _: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        let mut decisions = Vec::with_capacity(checks.len());
        for check in checks {
            decisions.push(match check.action {
                Action::Table(TableAction::Commit) => self.pass().await,
                _ => Decision::Allow,
            });
        }
        Ok(decisions)
    }
}
