//! Checks that a running replica answers every request, and not with a 5xx.

use std::time::Duration;

use super::{Rule, Violation};
use crate::history::{Disturbance, History, Span};

/// How long after a failover a replica may take to find the new primary.
const RECOVERY: Duration = Duration::from_secs(5);

pub(super) fn check(history: &History, found: &mut Vec<Violation>) {
    for disturbance in &history.disturbances {
        if is_excused(history, disturbance) {
            continue;
        }
        let Disturbance {
            replica,
            span,
            status,
            about,
        } = disturbance;
        let rule = match status {
            Some(_) => Rule::ServerError,
            None => Rule::Broken,
        };
        let detail = format!("replica {replica}, {span:?}: {about}");
        found.push(Violation::new(rule, detail));
    }
}

/// Whether the replica was killed or not yet back while it was asked, or had no database because of a failover.
fn is_excused(history: &History, disturbance: &Disturbance) -> bool {
    let asked = disturbance.span;
    let mut windows = history.windows.iter();
    let mut failovers = history.failovers.iter();
    windows.any(|window| window.replica == disturbance.replica && window.span.overlaps(asked))
        || failovers.any(|Span { began, ended }| {
            let ended = *ended + RECOVERY;
            let began = *began;
            Span { began, ended }.overlaps(asked)
        })
}
