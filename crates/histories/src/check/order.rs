//! Checks the order in time: a read or change that began after a version had been acknowledged or seen comes after it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::place::Places;
use super::{Rule, Violation};
use crate::history::{History, Outcome, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The table was at this version at some moment of the span.
    Read,
    /// The table came to this version at some moment of the span.
    Wrote,
    /// The table came to this version during the span or later: the client was not told.
    MayHaveWritten,
}

#[derive(Debug)]
struct Observation {
    span: Span,
    kind: Kind,
    version: usize,
    what: String,
}

pub(super) fn check(history: &History, places: &Places<'_>, found: &mut Vec<Violation>) {
    let mut by_table = reads(history, places);
    for change in &history.changes {
        for table in &change.tables {
            let Some(version) = places.of_change(table, change.id) else {
                continue;
            };
            let kind = match &change.outcome {
                Outcome::Done(_) => Kind::Wrote,
                Outcome::Refused(_) | Outcome::Unknown => Kind::MayHaveWritten,
            };
            let what = format!("change {}", change.id);
            by_table.entry(table).or_default().push(Observation {
                span: change.span,
                kind,
                version,
                what,
            });
            check_answer(table, (change.id, version), &change.outcome, places, found);
        }
    }
    for (table, observations) in by_table {
        check_table(table, observations, found);
    }
}

fn reads<'a>(history: &'a History, places: &Places<'_>) -> BTreeMap<&'a str, Vec<Observation>> {
    let mut by_table: BTreeMap<&str, Vec<Observation>> = BTreeMap::new();
    for read in &history.reads {
        if let Some(version) = places.of_location(&read.table, &read.location) {
            by_table.entry(&read.table).or_default().push(Observation {
                span: read.span,
                kind: Kind::Read,
                version,
                what: "a read".to_owned(),
            });
        }
    }
    by_table
}

/// Checks that the answer to a commit shows the table with the commit.
fn check_answer(
    table: &str,
    (id, version): (i64, usize),
    outcome: &Outcome,
    places: &Places<'_>,
    found: &mut Vec<Violation>,
) {
    let Outcome::Done(Some(location)) = outcome else {
        return;
    };
    match places.of_location(table, location) {
        None => {
            let detail = format!("{id} was answered with {location}, which is none of {table}'s");
            found.push(Violation::new(Rule::FromNowhere, detail));
        }
        Some(shown) if shown < version => {
            let detail = format!("{id} is in version {version} of {table}; its answer was {shown}");
            found.push(Violation::new(Rule::Stale, detail));
        }
        Some(_) => {}
    }
}

fn check_table(table: &str, mut observations: Vec<Observation>, found: &mut Vec<Violation>) {
    let known = Known::of(&observations);
    observations.sort_by_key(|one| one.span.began);
    for one in &observations {
        let Some(seen) = known.before(one.span.began) else {
            continue;
        };
        let (version, what) = (one.version, &one.what);
        let when = one.span.began;
        match one.kind {
            Kind::Read if version < seen => {
                let detail =
                    format!("{what} at {when:?} shows version {version} of {table}, after {seen}");
                found.push(Violation::new(Rule::Stale, detail));
            }
            Kind::Wrote | Kind::MayHaveWritten if version <= seen => {
                let detail = format!(
                    "{what} of {when:?} made version {version} of {table}, but {seen} was seen before it"
                );
                found.push(Violation::new(Rule::Early, detail));
            }
            _ => {}
        }
    }
}

/// The newest version that any client had been told of, by the time at which it was told.
struct Known(Vec<(Duration, usize)>);

impl Known {
    fn of(observations: &[Observation]) -> Self {
        let told = observations
            .iter()
            .filter(|one| one.kind != Kind::MayHaveWritten);
        let mut told: Vec<_> = told.map(|one| (one.span.ended, one.version)).collect();
        told.sort_unstable();
        let mut newest = 0;
        for (_, version) in &mut told {
            newest = newest.max(*version);
            *version = newest;
        }
        Self(told)
    }

    fn before(&self, moment: Duration) -> Option<usize> {
        let count = self.0.partition_point(|(ended, _)| *ended < moment);
        self.0.get(count.checked_sub(1)?).map(|(_, newest)| *newest)
    }
}
