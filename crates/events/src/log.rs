//! Events as log lines.

use async_trait::async_trait;

use crate::{CloudEvent, PublishError, Publisher};

/// Writes each event into the log of the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogPublisher;

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
        tracing::info!(event = %event.to_json(), "CloudEvent");
        Ok(())
    }
}
