//! Warns of checks that OpenFGA gives up because the resource lies deeper than OpenFGA's limit.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The least time between two warnings: a single list may hold thousands of resources that lie too deep.
const QUIET: Duration = Duration::from_mins(1);

/// When the last warning was given, if any.
#[derive(Debug, Default)]
pub(crate) struct TooDeep(Mutex<Option<Instant>>);

impl TooDeep {
    /// Tells the operator what to change, unless the last warning was less than [`QUIET`] ago.
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
