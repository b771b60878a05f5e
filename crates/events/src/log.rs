//! Events as log lines.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{CloudEvent, PublishError, Publisher};

/// The way of log lines to where they are written. Those of other things may be lost on it; an event may not.
#[async_trait]
pub trait LogLines: Debug + Send + Sync {
    /// Returns when all that has been logged is written, or left out.
    async fn written(&self);

    /// How many lines have been left out since the process began.
    fn left_out(&self) -> u64;
}

/// Writes each event into the log of the process.
#[derive(Debug)]
pub struct LogPublisher {
    lines: Arc<dyn LogLines>,
}

impl LogPublisher {
    /// For a log whose lines go this way.
    pub fn new(lines: Arc<dyn LogLines>) -> Self {
        Self { lines }
    }
}

#[async_trait]
impl Publisher for LogPublisher {
    fn name(&self) -> &'static str {
        "log"
    }

    // Lines in the order of all changes are the easier to read.
    fn lanes(&self) -> usize {
        1
    }

    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError> {
        let left_out = self.lines.left_out();
        tracing::info!(event = %event.to_json(), "CloudEvent");
        self.lines.written().await;
        // It may have been another line; then the event is there twice.
        if self.lines.left_out() == left_out {
            Ok(())
        } else {
            let why = "log lines come faster than they are read, and one was left out";
            Err(PublishError::Unavailable(why.to_owned()))
        }
    }
}
