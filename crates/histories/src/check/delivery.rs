//! Checks that every sink has got every event and no others, and the events about each subject in their order.

use std::collections::{HashMap, HashSet};

use super::{Rule, Violation};
use crate::history::{Arrivals, History, SeenEvent};

/// The most violations of one kind that are listed for a sink: if one event is missing, often thousands are.
const LISTED: usize = 5;

pub(super) fn check(history: &History, found: &mut Vec<Violation>) {
    let outbox: HashMap<&str, &SeenEvent> = history
        .outbox
        .iter()
        .map(|event| (event.id.as_str(), event))
        .collect();
    for arrivals in &history.arrivals {
        check_sink(&history.outbox, &outbox, arrivals, found);
    }
}

fn check_sink(
    all: &[SeenEvent],
    outbox: &HashMap<&str, &SeenEvent>,
    arrivals: &Arrivals,
    found: &mut Vec<Violation>,
) {
    let sink = arrivals.sink;
    let mut seen = HashSet::new();
    // Only the first arrival counts: repetitions may come late.
    let first = arrivals.events.iter();
    let first: Vec<_> = first
        .filter(|event| seen.insert(event.id.as_str()))
        .collect();
    let strange = first.iter().filter(|event| {
        let known = outbox.get(event.id.as_str());
        known.is_none_or(|known| known != *event)
    });
    for event in strange.take(LISTED) {
        let detail = format!("{sink} was told {event:?}, which is no event");
        found.push(Violation::new(Rule::FromNowhere, detail));
    }
    let missing = all.iter().filter(|event| !seen.contains(event.id.as_str()));
    let count = missing.clone().count();
    for event in missing.take(LISTED) {
        let detail = format!("{sink} has not got {event:?}, one of {count}");
        found.push(Violation::new(Rule::Undelivered, detail));
    }
    let mut last = HashMap::new();
    let late = first.iter().filter_map(|event| {
        let before = last.insert(&event.subject, event.sequence)?;
        (before > event.sequence).then(|| format!("{sink} has got {event:?} after {before}"))
    });
    found.extend(
        late.take(LISTED)
            .map(|detail| Violation::new(Rule::OutOfOrder, detail)),
    );
}

#[cfg(test)]
mod tests;
