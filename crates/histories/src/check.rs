//! Decides whether a history is one that a linearizable catalog could have.
//!
//! The metadata files of a table give the order in which its changes took effect, so nothing has to be guessed: each change is looked up in
//! that order, and what clients saw is compared with it.

mod chain;
mod delivery;
mod disturbance;
mod holding;
mod life;
mod order;
mod place;
#[cfg(test)]
mod tests;
mod transaction;

use std::fmt;

use crate::history::History;

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// An acknowledged change is nowhere, or not there any more.
    Lost,
    /// A change took effect more than once.
    AppliedTwice,
    /// The client was told no, and it happened.
    RefusedButApplied,
    /// The client was told no, without a reason.
    WronglyRefused,
    /// Something happened that nobody asked for, or a state was shown that never was.
    FromNowhere,
    /// Metadata files or snapshots are not one chain.
    Fork,
    /// Sequence numbers do not increase.
    Sequence,
    /// A transaction is in one of its tables only.
    Torn,
    /// A read shows one table after a transaction and, later, another one before it.
    SeenTorn,
    /// A read shows less than what was acknowledged or seen before it began.
    Stale,
    /// A change took effect before it was asked for.
    Early,
    /// Two clients were told that they created the same table.
    TwoWinners,
    /// A table is where it must not be, or not where it must be.
    Misplaced,
    /// A 5xx from a replica that was not killed.
    ServerError,
    /// A replica that was not killed broke a connection or did not answer.
    Broken,
    /// Metadata files differ from what is served, or are missing or damaged.
    Files,
    /// Replicas do not agree.
    Disagreement,
    /// An acknowledged change has no event, or has more than one.
    Event,
    /// An event has not arrived at a sink.
    Undelivered,
    /// Events about one thing have arrived in another order than that of its changes.
    OutOfOrder,
    /// A purged table has left files, or one that keeps few of its metadata files has left others.
    Leftover,
    /// A task has failed, has not ended in time, or is missing.
    Task,
    /// A replica panicked.
    Panic,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What was broken.
    pub rule: Rule,
    /// Where and how.
    pub detail: String,
}

impl Violation {
    /// Something is wrong.
    pub fn new(rule: Rule, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { rule, detail }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}: {}", self.rule, self.detail)
    }
}

/// What a change is answered that a replica cannot make now; whether it had a reason is judged by what happened to it.
const UNAVAILABLE: u16 = 503;

/// Everything that is wrong with the history.
pub fn check(history: &History) -> Vec<Violation> {
    let places = place::Places::of(&history.tables);
    let mut found = Vec::new();
    for table in &history.tables {
        chain::check(table, &mut found);
    }
    place::check(history, &places, &mut found);
    order::check(history, &places, &mut found);
    transaction::check(history, &places, &mut found);
    life::check(history, &mut found);
    holding::check(history, &mut found);
    delivery::check(history, &mut found);
    disturbance::check(history, &mut found);
    found
}
