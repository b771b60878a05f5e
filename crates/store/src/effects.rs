//! What becomes true together with a change.

use model::{Event, Grant};

use crate::{IdempotencyRecord, NewTask};

/// Written in the transaction of the change that they accompany: all or nothing.
///
/// A task of a warehouse that is not there refuses the change with `NotFound(Warehouse)`, a taken id with
/// `AlreadyExists(Task)`.
#[derive(Debug, Default)]
pub struct Effects {
    /// What to tell the world, in this order.
    pub events: Vec<Event>,
    /// What to do later.
    pub tasks: Vec<NewTask>,
    /// What to answer if one of the requests that this does comes again; no two have the same key. If a key is there
    /// already, the whole change is refused with [`StoreError::Replayed`](crate::StoreError::Replayed), before anything else is
    /// looked at.
    pub idempotency: Vec<IdempotencyRecord>,
    /// What is given with the change, on what the change makes: whoever makes a thing owns it. It is as old as the thing, and
    /// steps no version of grants: nobody has asked about the thing before.
    pub grants: Vec<Grant>,
}

impl Effects {
    /// Nothing but the change itself.
    pub fn none() -> Self {
        Self::default()
    }

    /// To tell of what one request does at once, in this order. The events are numbered.
    pub fn telling(events: impl IntoIterator<Item = Event>) -> Self {
        let mut events: Vec<_> = events.into_iter().collect();
        Event::number(&mut events);
        Self {
            events,
            ..Self::none()
        }
    }
}
