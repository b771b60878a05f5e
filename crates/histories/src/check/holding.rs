//! Checks that each table is where its client's steps have put it, and that its files exist or are gone, as the client was
//! told.

use super::{Rule, UNAVAILABLE, Violation};
use crate::history::{Fate, History, Holding, Outcome, Remains};

pub(super) fn check(history: &History, found: &mut Vec<Violation>) {
    for (holding, remains) in &history.holdings {
        check_steps(holding, found);
        check_remains(holding, remains, found);
    }
}

/// Checks that no step was refused: no other client works with the table, so nothing can be in the way.
fn check_steps(holding: &Holding, found: &mut Vec<Violation>) {
    for (kind, outcome) in &holding.steps {
        if let Outcome::Refused(status) = outcome
            && *status != UNAVAILABLE
        {
            let detail = format!("{kind} of {} was answered {status}", holding.id);
            found.push(Violation::new(Rule::WronglyRefused, detail));
        }
    }
}

fn check_remains(holding: &Holding, remains: &Remains, found: &mut Vec<Violation>) {
    if holding.fates.iter().any(|fate| allows(fate, remains)) {
        return;
    }
    let is_purged = |fate: &Fate| *fate == Fate::Purged;
    let is_nowhere = remains.at.is_none() && !remains.is_hidden;
    let rule = if is_nowhere && holding.fates.iter().all(is_purged) {
        Rule::Leftover
    } else if !remains.is_whole && !holding.fates.iter().any(is_purged) {
        Rule::Files
    } else {
        Rule::Misplaced
    };
    let detail = format!("{remains:?} is left of {holding:?}");
    found.push(Violation::new(rule, detail));
}

fn allows(fate: &Fate, remains: &Remains) -> bool {
    let (at, is_hidden) = (remains.at.as_ref(), remains.is_hidden);
    match fate {
        Fate::Live(name) => at == Some(name) && !is_hidden && remains.is_whole,
        Fate::Hidden { .. } => at.is_none() && is_hidden && remains.is_whole,
        Fate::Kept => at.is_none() && !is_hidden && remains.is_whole,
        Fate::Purged => at.is_none() && !is_hidden && remains.files == 0,
    }
}

#[cfg(test)]
mod tests;
