//! Delivers the events of committed changes to sinks.
//!
//! A change writes its events to the outbox in its own transaction. For each [`Publisher`], one process at a time
//! (the one that holds the sink's lease in the database) reads the outbox from where the sink has got to, delivers
//! the events, and records its progress. So no event of a committed change is lost, and there is no event of a change
//! that was not made. After a crash some events are delivered again, with the same id. Events with the same key,
//! which is the id of the table, are delivered in the order of their changes.

mod cloud_event;
#[cfg(feature = "conformance")]
pub mod conformance;
mod delivery;
mod log;
mod publisher;
mod relay;
mod watch;
mod webhook;

pub use cloud_event::{CloudEvent, Source};
pub use log::{LogLines, LogPublisher};
pub use publisher::{PublishError, Publisher};
pub use relay::Relay;
pub use webhook::{Webhook, WebhookConfig};
