//! An authorizer that records its checks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use authz::{Action, Authorizer, AuthorizerUnavailable, Check, Decision};
use model::Caller;

/// How [`RecordingAuthorizer`] decides all checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verdict {
    /// It allows them, except for forbidden actions.
    #[default]
    Allow,
    /// It denies them.
    Deny,
    /// It is unavailable.
    Fail,
}

/// Records its checks, and decides all of them by one [`Verdict`], except that forbidden actions are denied.
#[derive(Debug, Default)]
pub struct RecordingAuthorizer(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    verdict: Verdict,
    forbidden: Vec<Action>,
    asked: Vec<Check>,
}

impl RecordingAuthorizer {
    /// Decides by this verdict from now on.
    pub fn set(&self, verdict: Verdict) {
        self.state().verdict = verdict;
    }

    /// Denies these actions from now on, instead of those forbidden before, while the verdict is [`Verdict::Allow`].
    pub fn forbid(&self, actions: impl IntoIterator<Item = Action>) {
        self.state().forbidden = actions.into_iter().collect();
    }

    /// The distinct actions that were checked since the last call, in the order of their first check.
    pub fn take(&self) -> Vec<Action> {
        let mut distinct = Vec::new();
        for check in self.take_checks() {
            if !distinct.contains(&check.action) {
                distinct.push(check.action);
            }
        }
        distinct
    }

    /// The checks since the last call, in their order.
    pub fn take_checks(&self) -> Vec<Check> {
        std::mem::take(&mut self.state().asked)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Authorizer for RecordingAuthorizer {
    fn name(&self) -> &'static str {
        "recording"
    }

    async fn decide(
        &self,
        _: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        let mut state = self.state();
        state.asked.extend_from_slice(checks);
        let decide = |check: &Check| {
            if state.forbidden.contains(&check.action) {
                Decision::Deny
            } else {
                Decision::Allow
            }
        };
        match state.verdict {
            Verdict::Allow => Ok(checks.iter().map(decide).collect()),
            Verdict::Deny => Ok(vec![Decision::Deny; checks.len()]),
            Verdict::Fail => Err(AuthorizerUnavailable("out of order".into())),
        }
    }
}
