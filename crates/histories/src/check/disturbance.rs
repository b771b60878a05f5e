//! A replica that lives answers, and not with a 5xx.

use super::{Rule, Violation};
use crate::history::{Disturbance, History};

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

/// Whether the replica was killed, or not back yet, while it was asked.
fn is_excused(history: &History, disturbance: &Disturbance) -> bool {
    history.windows.iter().any(|window| {
        window.replica == disturbance.replica && window.span.overlaps(disturbance.span)
    })
}
