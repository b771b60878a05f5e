//! Checks that once a read has shown a transaction in one of its tables, later reads show it in the others.

use std::collections::BTreeMap;
use std::time::Duration;

use super::place::Places;
use super::{Rule, Violation};
use crate::history::{Change, History};

/// Reads of a table: when they began and ended, and which version they showed.
type Reads<'a> = BTreeMap<&'a str, Vec<(Duration, Duration, usize)>>;

pub(super) fn check(history: &History, places: &Places<'_>, found: &mut Vec<Violation>) {
    let mut reads = Reads::new();
    for read in &history.reads {
        if let Some(version) = places.of_location(&read.table, &read.location) {
            let seen = (read.span.began, read.span.ended, version);
            reads.entry(&read.table).or_default().push(seen);
        }
    }
    for change in history.changes.iter().filter(|one| one.tables.len() > 1) {
        check_change(change, &reads, places, found);
    }
}

fn check_change(
    change: &Change,
    reads: &Reads<'_>,
    places: &Places<'_>,
    found: &mut Vec<Violation>,
) {
    let at = |table: &str| places.of_change(table, change.id).unwrap_or(usize::MAX);
    let of = |table: &str| reads.get(table).into_iter().flatten();
    let first_seen = change.tables.iter().filter_map(|table| {
        let with = of(table).filter(|(_, _, version)| *version >= at(table));
        with.map(|(_, ended, _)| *ended).min()
    });
    let Some(first_seen) = first_seen.min() else {
        return;
    };
    for table in &change.tables {
        let behind = of(table)
            .filter(|(began, _, version)| *began > first_seen && *version < at(table))
            .count();
        if behind > 0 {
            let detail = format!(
                "{} of {:?} was seen by {first_seen:?}; {behind} later reads of {table} do not show it",
                change.id, change.tables
            );
            found.push(Violation::new(Rule::SeenTorn, detail));
        }
    }
}
