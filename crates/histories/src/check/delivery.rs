//! Checks that every sink has got every event and no others, and the events about each subject in their order.

use std::collections::{HashMap, HashSet};

use super::{Rule, Violation};
use crate::history::{Arrivals, History, Told};

/// The most violations of one kind that are listed for a sink: if one event is missing, often thousands are.
const LISTED: usize = 5;

pub(super) fn check(history: &History, found: &mut Vec<Violation>) {
    let outbox: HashMap<&str, &Told> = history
        .outbox
        .iter()
        .map(|told| (told.id.as_str(), told))
        .collect();
    for arrivals in &history.arrivals {
        check_sink(&history.outbox, &outbox, arrivals, found);
    }
}

fn check_sink(
    all: &[Told],
    outbox: &HashMap<&str, &Told>,
    arrivals: &Arrivals,
    found: &mut Vec<Violation>,
) {
    let sink = arrivals.sink;
    let mut seen = HashSet::new();
    // Only the first arrival counts: repetitions may come late.
    let first = arrivals.events.iter();
    let first: Vec<_> = first.filter(|told| seen.insert(told.id.as_str())).collect();
    let strange = first.iter().filter(|told| {
        let known = outbox.get(told.id.as_str());
        known.is_none_or(|known| known != *told)
    });
    for told in strange.take(LISTED) {
        let detail = format!("{sink} was told {told:?}, which is no event");
        found.push(Violation::new(Rule::FromNowhere, detail));
    }
    let missing = all.iter().filter(|told| !seen.contains(told.id.as_str()));
    let count = missing.clone().count();
    for told in missing.take(LISTED) {
        let detail = format!("{sink} has not got {told:?}, one of {count}");
        found.push(Violation::new(Rule::Undelivered, detail));
    }
    let mut last = HashMap::new();
    let late = first.iter().filter_map(|told| {
        let before = last.insert(&told.subject, told.sequence)?;
        (before > told.sequence).then(|| format!("{sink} has got {told:?} after {before}"))
    });
    found.extend(
        late.take(LISTED)
            .map(|detail| Violation::new(Rule::OutOfOrder, detail)),
    );
}

#[cfg(test)]
mod tests;
