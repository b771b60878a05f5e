//! Brings the events of committed changes to where they are wanted.
//!
//! A change writes its events to the outbox in its own transaction. For each [`Publisher`], one process at a time (whoever
//! holds the sink's lease in the database) reads the outbox from where the sink has got to, brings the events there, and notes
//! how far it is. So no event of a committed change is lost and none tells of a change that was not made; after a crash some
//! come again, with the same id. Events of one key, which is the id of the table, come in the order of their changes.

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
