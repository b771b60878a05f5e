//! Finds the version of each table in which a change took effect, and checks whether it should have.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Rule, UNAVAILABLE, Violation};
use crate::history::{Claim, History, OpId, Outcome, Table};

/// The positions of files and changes in the order of one table's versions.
#[derive(Debug, Default)]
pub(super) struct Order<'a> {
    by_location: HashMap<&'a str, usize>,
    by_op: HashMap<OpId, usize>,
}

/// The orders of all tables.
#[derive(Debug)]
pub(super) struct Places<'a>(BTreeMap<&'a str, Order<'a>>);

impl<'a> Places<'a> {
    pub(super) fn of(tables: &'a [Table]) -> Self {
        let orders = tables.iter().map(|table| {
            let mut order = Order::default();
            for (index, version) in table.versions.iter().enumerate() {
                order.by_location.insert(&version.location, index);
                for op in version.marks() {
                    order.by_op.entry(op).or_insert(index);
                }
            }
            (table.name.as_str(), order)
        });
        Self(orders.collect())
    }

    /// The version of the table at which the change took effect.
    pub(super) fn of_change(&self, table: &str, op: OpId) -> Option<usize> {
        self.0.get(table)?.by_op.get(&op).copied()
    }

    /// The version of the table that this file is.
    pub(super) fn of_location(&self, table: &str, location: &str) -> Option<usize> {
        self.0.get(table)?.by_location.get(location).copied()
    }
}

pub(super) fn check(history: &History, places: &Places<'_>, found: &mut Vec<Violation>) {
    for change in &history.changes {
        let (id, tables) = (change.id, &change.tables);
        let applied = tables
            .iter()
            .filter(|table| places.of_change(table, id).is_some())
            .count();
        match &change.outcome {
            Outcome::Done(_) if applied == 0 => {
                let detail = format!("{id} in {tables:?} was acknowledged");
                found.push(Violation::new(Rule::Lost, detail));
            }
            Outcome::Refused(status) if applied > 0 => {
                let detail = format!("{id} in {tables:?} was answered {status}");
                found.push(Violation::new(Rule::RefusedButApplied, detail));
            }
            // 409 says that another commit came first, which can happen to every change.
            Outcome::Refused(status) if ![409, UNAVAILABLE].contains(status) => {
                let detail = format!("{id} in {tables:?} was answered {status}");
                found.push(Violation::new(Rule::WronglyRefused, detail));
            }
            Outcome::Done(_) | Outcome::Refused(_) | Outcome::Unknown => {}
        }
        if applied > 0 && applied < tables.len() {
            let detail = format!("{id} is in {applied} of {tables:?}");
            found.push(Violation::new(Rule::Torn, detail));
        }
    }
    check_origin(history, places, found);
    check_claims(history, found);
}

/// Checks that every change in a table was asked for, and that every version that was read is one of the table's.
fn check_origin(history: &History, places: &Places<'_>, found: &mut Vec<Violation>) {
    let mut asked: BTreeMap<&str, BTreeSet<OpId>> = BTreeMap::new();
    for change in &history.changes {
        for table in &change.tables {
            asked.entry(table).or_default().insert(change.id);
        }
    }
    for (table, order) in &places.0 {
        for op in order.by_op.keys() {
            if !asked.get(table).is_some_and(|asked| asked.contains(op)) {
                let detail = format!("nobody asked for {op} in {table}");
                found.push(Violation::new(Rule::FromNowhere, detail));
            }
        }
    }
    for read in &history.reads {
        if places.of_location(&read.table, &read.location).is_none() {
            let detail = format!(
                "{} was served but is none of {}'s",
                read.location, read.table
            );
            found.push(Violation::new(Rule::FromNowhere, detail));
        }
    }
}

/// Checks that exactly one of the clients that create the same table succeeds.
fn check_claims(history: &History, found: &mut Vec<Violation>) {
    let mut by_table: BTreeMap<&str, Vec<&Claim>> = BTreeMap::new();
    for claim in &history.claims {
        by_table.entry(&claim.table).or_default().push(claim);
    }
    for (name, claims) in by_table {
        let won: BTreeSet<_> = claims
            .iter()
            .filter_map(|claim| claim.outcome.as_ref().ok())
            .collect();
        let table = history.tables.iter().find(|table| table.name == name);
        if won.len() > 1 {
            let detail = format!("{name} was created {} times", won.len());
            found.push(Violation::new(Rule::TwoWinners, detail));
        }
        if let Some(uuid) = won.first()
            && table.is_none_or(|table| table.uuid != **uuid)
        {
            let detail = format!("{name} was created as {uuid} and is not that table");
            found.push(Violation::new(Rule::Lost, detail));
        }
        let is_refused = |claim: &&Claim| matches!(claim.outcome, Err(Outcome::Refused(status)) if status != UNAVAILABLE);
        if claims.iter().all(is_refused) {
            let detail = format!("{name} was refused to all who wanted to create it");
            found.push(Violation::new(Rule::WronglyRefused, detail));
        }
    }
}
