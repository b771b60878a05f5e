//! Checks that OpenFGA gives up, because a thing lies deeper than it follows.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One list may hold thousands of things that lie too deep.
const QUIET: Duration = Duration::from_mins(1);

/// Warns of them, once in a while.
#[derive(Debug, Default)]
pub(crate) struct TooDeep(Mutex<Option<Instant>>);

impl TooDeep {
    /// Tells the operator what to change, unless that was just told.
    pub(crate) fn warn(&self, object: &str) {
        let now = Instant::now();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| now.duration_since(told) < QUIET) {
            return;
        }
        *told = Some(now);
        drop(told);
        tracing::warn!(
            object,
            "OpenFGA gives up on what lies too deep, and nothing is allowed on it: start OpenFGA with a higher \
             OPENFGA_RESOLVE_NODE_LIMIT, see docs/authorization-openfga.md"
        );
    }
}
