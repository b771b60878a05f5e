//! The interface of a sink of events.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::CloudEvent;

/// Delivers events to one sink. `events::conformance` has the requirements as tests.
#[async_trait]
pub trait Publisher: Debug + Send + Sync {
    /// The sink's name. Progress is recorded under this name, so with another name the sink starts with the oldest
    /// event.
    fn name(&self) -> &str;

    /// How many events of different keys may be delivered concurrently. Events of one key are delivered one by one.
    fn lanes(&self) -> usize {
        16
    }

    /// How often an event is tried that the sink refuses. Then it becomes a dead letter, and the next event is
    /// delivered.
    fn attempts(&self) -> u32 {
        1
    }

    /// Delivers one event and returns when the sink has it. Is called again if it is unknown whether the event has
    /// arrived. After half a minute the relay gives up the call and treats the sink as unavailable.
    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError>;
}

/// How long a call of [`Publisher::publish`] may take.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Why an event was not delivered. The text is logged and stored with dead letters, so it must not contain secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The sink refuses this event, but may take others.
    #[error("the event was refused: {0}")]
    Refused(String),
    /// The sink takes no events at the moment. The event is tried until it does.
    #[error("the sink is not available: {0}")]
    Unavailable(String),
}
