//! An authorizer that remembers what it was asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use authz::{Action, Authorizer, AuthorizerUnavailable, Check, Decision};
use model::Caller;

/// What it answers to all questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Yes.
    #[default]
    Allow,
    /// No.
    Deny,
    /// Nothing: it is out of order.
    Fail,
}

/// Remembers what it was asked; answers all questions alike.
#[derive(Debug, Default)]
pub struct RecordingAuthorizer(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    verdict: Verdict,
    asked: Vec<Action>,
}

impl RecordingAuthorizer {
    /// Answers so from now on.
    pub fn set(&self, verdict: Verdict) {
        self.state().verdict = verdict;
    }

    /// The actions that were asked for since the last call, each once, in the order of first asking.
    pub fn take(&self) -> Vec<Action> {
        let mut distinct = Vec::new();
        for action in std::mem::take(&mut self.state().asked) {
            if !distinct.contains(&action) {
                distinct.push(action);
            }
        }
        distinct
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
        state.asked.extend(checks.iter().map(|check| check.action));
        match state.verdict {
            Verdict::Allow => Ok(vec![Decision::Allow; checks.len()]),
            Verdict::Deny => Ok(vec![Decision::Deny; checks.len()]),
            Verdict::Fail => Err(AuthorizerUnavailable("out of order".into())),
        }
    }
}
