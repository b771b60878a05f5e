//! What is stored together with a change.

use model::{Event, Grant};

use crate::{IdempotencyRecord, NewTask};

/// Written in the transaction of the change that they accompany: all or nothing.
///
/// If the warehouse or project of a task does not exist, the change is refused with `NotFound`; if the id of a
/// task is taken, with `AlreadyExists(Task)`.
#[derive(Debug, Default)]
pub struct Effects {
    /// The events to publish, in this order.
    pub events: Vec<Event>,
    /// The tasks to queue.
    pub tasks: Vec<NewTask>,
    /// What to answer if one of the requests behind this change is repeated; each key occurs once. If a key is
    /// recorded already, the whole change is refused with [`StoreError::Replayed`](crate::StoreError::Replayed)
    /// before anything else is checked.
    pub idempotency: Vec<IdempotencyRecord>,
    /// Grants on what the change creates: the creator of a thing owns it. Such a grant gets the creation time of
    /// the thing and increments no grants version, because nobody can have asked about the thing before.
    pub grants: Vec<Grant>,
}

impl Effects {
    /// No effects.
    pub fn none() -> Self {
        Self::default()
    }

    /// Only these events, which one request causes together. They are numbered in this order.
    pub fn telling(events: impl IntoIterator<Item = Event>) -> Self {
        let mut events: Vec<_> = events.into_iter().collect();
        Event::number(&mut events);
        Self {
            events,
            ..Self::none()
        }
    }
}
