//! Collects the history while it happens.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::history::History;

/// Collects the history while it happens.
#[derive(Debug)]
pub(crate) struct Recorder {
    started: Instant,
    history: Mutex<History>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            history: Mutex::default(),
        }
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Adds to the history.
    pub(crate) fn add(&self, add: impl FnOnce(&mut History)) {
        add(&mut self.history.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes out what has been collected.
    pub(crate) fn take(&self) -> History {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut history)
    }
}
