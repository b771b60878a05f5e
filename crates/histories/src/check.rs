//! Decides whether a history is one that a linearizable catalog could have.
//!
//! The metadata files of a table give the order in which its changes took effect, so nothing has to be guessed: the position
//! of each change in that order is looked up, and compared with what clients saw.

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

/// The rules that a history can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// An acknowledged change is in no version of its table, or a later version does not have it any more.
    Lost,
    /// A change took effect more than once.
    AppliedTwice,
    /// A change took effect although its client was told that it was refused.
    RefusedButApplied,
    /// A change was refused without a reason.
    WronglyRefused,
    /// A change or an event has no request that made it, or an answer shows a state that never was.
    FromNowhere,
    /// Metadata files or snapshots are not one chain.
    Fork,
    /// Sequence numbers do not increase.
    Sequence,
    /// A transaction took effect in only some of its tables.
    Torn,
    /// A read shows one table after a transaction, and a later read shows another table before it.
    SeenTorn,
    /// A read or an answer shows a table before a change that had been acknowledged or seen.
    Stale,
    /// A change took effect before it was asked for.
    Early,
    /// Two clients were told that they created the same table.
    TwoWinners,
    /// A table has a name or a state that it must not have, or is missing where it must be.
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
    /// Events about one subject have arrived in another order than that of its changes.
    OutOfOrder,
    /// Files of a purged table are left, or metadata files that their table no longer keeps.
    Leftover,
    /// A task has failed, has not ended in time, or is missing.
    Task,
    /// A replica panicked.
    Panic,
}

/// One place where a history breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The broken rule.
    pub rule: Rule,
    /// Where and how.
    pub detail: String,
}

impl Violation {
    /// A violation of this rule.
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

/// The status of the answer to a change that a replica cannot make now. [`disturbance`] checks whether the replica had
/// a reason.
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
