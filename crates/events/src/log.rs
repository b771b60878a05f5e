//! Events as log lines.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{CloudEvent, PublishError, Publisher};

/// Whether log lines reach their destination. Other lines may be lost on the way; events must not be.
#[async_trait]
pub trait LogLines: Debug + Send + Sync {
    /// Waits until everything logged so far is written or dropped.
    async fn written(&self);

    /// How many lines have been dropped since the process started.
    fn left_out(&self) -> u64;
}

/// Writes each event to the log of the process.
#[derive(Debug)]
pub struct LogPublisher {
    lines: Arc<dyn LogLines>,
}

impl LogPublisher {
    /// A publisher for a log whose lines are tracked by `lines`.
    pub fn new(lines: Arc<dyn LogLines>) -> Self {
        Self { lines }
    }
}

#[async_trait]
impl Publisher for LogPublisher {
    fn name(&self) -> &'static str {
        "log"
    }

    // Events are easier to read in the order of all changes.
    fn lanes(&self) -> usize {
        1
    }

    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError> {
        let left_out = self.lines.left_out();
        tracing::info!(event = %event.to_json(), "CloudEvent");
        self.lines.written().await;
        // The dropped line may be another one than this event's; then the event is logged twice.
        if self.lines.left_out() == left_out {
            Ok(())
        } else {
            let why = "log lines come faster than they are read, and one was left out";
            Err(PublishError::Unavailable(why.to_owned()))
        }
    }
}
