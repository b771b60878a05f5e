//! What every sink of events must do.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::CloudEvent;

/// Brings events to one sink. `events::conformance` is its definition as tests.
#[async_trait]
pub trait Publisher: Debug + Send + Sync {
    /// Its name. How far the sink has got is kept under it: another name is another sink, which begins with the oldest event.
    fn name(&self) -> &str;

    /// How many events of different keys may be on their way at once. Those of one key go one by one.
    fn lanes(&self) -> usize {
        16
    }

    /// How many times an event that the sink refuses is tried before it becomes a dead letter and the next one has its turn.
    fn attempts(&self) -> u32 {
        1
    }

    /// Brings one event to the sink; returns when the sink has it. It is called again for an event of which nobody knows
    /// whether it has arrived. The relay gives it up after half a minute.
    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError>;
}

/// How long one event may take.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Why an event was not published. The text is logged, and kept with dead letters: no secrets in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The sink does not take this event. Others it may take.
    #[error("the event was refused: {0}")]
    Refused(String),
    /// The sink takes no events now. The event is tried until it does.
    #[error("the sink is not available: {0}")]
    Unavailable(String),
}
