//! Checks that each table's metadata files and snapshots are one chain.

use std::collections::BTreeSet;

use super::{Rule, Violation};
use crate::history::{OpId, Snapshot, Table, Version};

pub(super) fn check(table: &Table, found: &mut Vec<Violation>) {
    let mut before = Vec::new();
    let mut main = None;
    for version in &table.versions {
        if version.log != before {
            let detail = format!("{} does not follow the file before it", version.location);
            found.push(Violation::new(Rule::Fork, detail));
        }
        before.push(version.location.clone());
        check_snapshots(version, found);
        check_step(version, main, found);
        main = version.main;
    }
    check_kept(table, found);
    check_once(table, found);
}

/// Checks that there is one root, that no snapshot has two children, that `main` is the last snapshot and that
/// sequence numbers increase.
fn check_snapshots(version: &Version, found: &mut Vec<Violation>) {
    let mut parents = BTreeSet::new();
    for Snapshot { id, parent, .. } in &version.snapshots {
        if !parents.insert(parent) {
            let detail = format!(
                "snapshot {id} in {} is the second child of {parent:?}",
                version.location
            );
            found.push(Violation::new(Rule::Fork, detail));
        }
    }
    let end = version.snapshots.last().map(|snapshot| snapshot.id);
    if end != version.main {
        let detail = format!(
            "`main` is at {:?} but the last snapshot is {end:?} in {}",
            version.main, version.location
        );
        found.push(Violation::new(Rule::Fork, detail));
    }
    for (one, next) in version
        .snapshots
        .iter()
        .zip(version.snapshots.iter().skip(1))
    {
        if next.sequence <= one.sequence {
            let detail = format!(
                "snapshot {} has number {} after {} in {}",
                next.id, next.sequence, one.sequence, version.location
            );
            found.push(Violation::new(Rule::Sequence, detail));
        }
    }
}

/// Checks that `main` stays or moves to a descendant: one snapshot further for each of the commits that share the file.
fn check_step(version: &Version, before: Option<OpId>, found: &mut Vec<Violation>) {
    let parent = |id| {
        let mut snapshots = version.snapshots.iter();
        let snapshot = snapshots.find(|snapshot| snapshot.id == id);
        snapshot.map(|snapshot| snapshot.parent)
    };
    let mut at = version.main;
    for _ in 0..=version.snapshots.len() {
        if at == before {
            return;
        }
        match at.and_then(parent) {
            Some(parent) => at = parent,
            None => break,
        }
    }
    let detail = format!(
        "`main` goes from {before:?} to {:?}, which does not come from it, in {}",
        version.main, version.location
    );
    found.push(Violation::new(Rule::Fork, detail));
}

/// Checks that no version lacks a change that the version before it has.
fn check_kept(table: &Table, found: &mut Vec<Violation>) {
    for (one, next) in table.versions.iter().zip(table.versions.iter().skip(1)) {
        let after = next.marks();
        for lost in one.marks().difference(&after) {
            let detail = format!(
                "{lost} was in {} and is not in {}",
                one.location, next.location
            );
            found.push(Violation::new(Rule::Lost, detail));
        }
    }
}

/// Checks that no property change took effect twice. Each of them sets the same property, `last`, which must show it
/// in consecutive versions only.
fn check_once(table: &Table, found: &mut Vec<Violation>) {
    let mut done = BTreeSet::new();
    let mut current = None;
    for version in &table.versions {
        if version.last == current {
            continue;
        }
        current = version.last;
        if let Some(op) = current
            && !done.insert(op)
        {
            let detail = format!("{op} took effect again in {}", version.location);
            found.push(Violation::new(Rule::AppliedTwice, detail));
        }
    }
}
