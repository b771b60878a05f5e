//! Delivers a batch of events to one sink: events of one key in order, different keys concurrently.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use model::Timestamp;
use store::NewDeadLetter;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::publisher::PATIENCE;
use crate::{CloudEvent, PublishError, Publisher};

/// Longest reason that is stored with a dead letter, in characters.
const REASON_CHARS: usize = 500;

/// What has happened to an event so far.
#[derive(Debug)]
enum State {
    /// It still has to be delivered, after this many refusals.
    Waiting(u32),
    Taken,
    Dead(NewDeadLetter),
}

/// Events that are being delivered, in the order of the outbox.
#[derive(Debug)]
pub(crate) struct Batch {
    events: Vec<CloudEvent>,
    states: Vec<State>,
    /// How many events at the start of the batch are taken by the sink or dead.
    settled: usize,
}

/// Progress of a batch, to be recorded in the database.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The place up to which the sink has taken or refused all events.
    pub(crate) place: i64,
    /// How many of these events the sink has taken.
    pub(crate) taken: u64,
    /// The events that the sink has refused for good.
    pub(crate) refused: Vec<NewDeadLetter>,
}

impl Batch {
    pub(crate) fn of(events: Vec<CloudEvent>) -> Self {
        Self {
            states: events.iter().map(|_| State::Waiting(0)).collect(),
            events,
            settled: 0,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.settled == self.events.len()
    }

    /// The time of the first event that is not settled.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.events.get(self.settled).map(CloudEvent::at)
    }

    /// Tries each waiting event once, key by key. A key ends at its first failure, except that an event that becomes
    /// a dead letter does not hold up its successors. Once the sink is unavailable, no further event is tried.
    /// Returns one of the failures, if there was any.
    pub(crate) async fn round(
        &mut self,
        publisher: &dyn Publisher,
        now: Timestamp,
        stop: &CancellationToken,
    ) -> Option<PublishError> {
        let gone = CancellationToken::new();
        let tried: Vec<(usize, Result<(), PublishError>)> = stream::iter(self.lanes())
            .map(|lane| {
                let (events, states, gone) = (&self.events, &self.states, &gone);
                async move {
                    let mut tried = Vec::new();
                    for at in lane {
                        if stop.is_cancelled() || gone.is_cancelled() {
                            break;
                        }
                        let Some(event) = events.get(at) else { break };
                        let ended = publish(publisher, event).await;
                        if matches!(ended, Err(PublishError::Unavailable(_))) {
                            gone.cancel();
                        }
                        let goes_on = match &ended {
                            Ok(()) => true,
                            Err(PublishError::Refused(_)) => {
                                let before = states.get(at).map_or(0, State::refusals);
                                before + 1 >= publisher.attempts()
                            }
                            Err(PublishError::Unavailable(_)) => false,
                        };
                        tried.push((at, ended));
                        if !goes_on {
                            break;
                        }
                    }
                    tried
                }
            })
            .buffer_unordered(publisher.lanes().max(1))
            .flat_map(stream::iter)
            .collect()
            .await;
        let mut failure = None;
        for (at, ended) in tried {
            if let Err(error) = &ended {
                failure = Some(error.clone());
            }
            self.note(at, ended, publisher.attempts(), now);
        }
        failure
    }

    /// The indexes of waiting events, in order, one list per key.
    fn lanes(&self) -> Vec<Vec<usize>> {
        let (mut lanes, mut of_key) = (Vec::<Vec<usize>>::new(), HashMap::new());
        for (at, event) in self.events.iter().enumerate() {
            if !matches!(self.states.get(at), Some(State::Waiting(_))) {
                continue;
            }
            let lane = *of_key.entry(event.key()).or_insert_with(|| {
                lanes.push(Vec::new());
                lanes.len() - 1
            });
            if let Some(lane) = lanes.get_mut(lane) {
                lane.push(at);
            }
        }
        lanes
    }

    fn note(&mut self, at: usize, ended: Result<(), PublishError>, most: u32, now: Timestamp) {
        let (Some(state), Some(event)) = (self.states.get_mut(at), self.events.get(at)) else {
            return;
        };
        match ended {
            Ok(()) => *state = State::Taken,
            Err(PublishError::Unavailable(_)) => {}
            Err(PublishError::Refused(reason)) => {
                let attempts = state.refusals() + 1;
                *state = if attempts < most {
                    State::Waiting(attempts)
                } else {
                    State::Dead(NewDeadLetter {
                        sequence: event.place(),
                        event: event.id(),
                        reason: reason.chars().take(REASON_CHARS).collect(),
                        attempts,
                        at: now,
                    })
                };
            }
        }
    }

    /// The events at the start of the batch that were settled since the last call; `None` if there are none.
    pub(crate) fn settle(&mut self) -> Option<Settled> {
        let mut settled = None;
        while let (Some(event), Some(state)) =
            (self.events.get(self.settled), self.states.get(self.settled))
        {
            let refused = match state {
                State::Waiting(_) => break,
                State::Taken => None,
                State::Dead(letter) => Some(letter.clone()),
            };
            let so_far = settled.get_or_insert(Settled {
                place: 0,
                taken: 0,
                refused: Vec::new(),
            });
            so_far.place = event.place();
            so_far.taken += u64::from(refused.is_none());
            so_far.refused.extend(refused);
            self.settled += 1;
        }
        settled
    }
}

impl State {
    const fn refusals(&self) -> u32 {
        match self {
            Self::Waiting(refusals) => *refusals,
            Self::Taken | Self::Dead(_) => 0,
        }
    }
}

async fn publish(publisher: &dyn Publisher, event: &CloudEvent) -> Result<(), PublishError> {
    let ended = timeout(PATIENCE, publisher.publish(event)).await;
    ended.unwrap_or_else(|_| {
        let why = format!("no answer within {} s", PATIENCE.as_secs());
        Err(PublishError::Unavailable(why))
    })
}

#[cfg(test)]
mod tests;
