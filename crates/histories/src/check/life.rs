//! Checks that a table with which only one client works is where that client has put it.

use uuid::Uuid;

use super::{Rule, UNAVAILABLE, Violation};
use crate::history::{History, Life, LifeEvent, Outcome, Step};

/// Where the table is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Nowhere,
    At(String),
}

pub(super) fn check(history: &History, found: &mut Vec<Violation>) {
    for life in &history.lives {
        check_life(life, found);
    }
}

fn check_life(life: &Life, found: &mut Vec<Violation>) {
    // After a step of unknown outcome the table may be in either place; its client makes no further steps.
    let mut places = vec![Place::Nowhere];
    for event in &life.events {
        match event {
            LifeEvent::Stepped(step, outcome) => {
                let after = match step {
                    Step::Create(name) | Step::Rename(name) => Place::At(name.clone()),
                    Step::Drop => Place::Nowhere,
                };
                match outcome {
                    Outcome::Done(_) => places = vec![after],
                    Outcome::Unknown => places.push(after),
                    Outcome::Refused(UNAVAILABLE) => {}
                    Outcome::Refused(status) => {
                        let detail = format!("{step:?} of {life:?} was answered {status}");
                        found.push(Violation::new(Rule::WronglyRefused, detail));
                    }
                }
            }
            LifeEvent::Looked(name, seen) => check_look(life.uuid, &places, name, *seen, found),
        }
    }
}

fn check_look(
    uuid: Option<Uuid>,
    places: &[Place],
    name: &String,
    seen: Option<Uuid>,
    found: &mut Vec<Violation>,
) {
    let is_here = |place: &Place| *place == Place::At(name.clone());
    let may_be = places.iter().any(is_here);
    let must_be = places.iter().all(is_here);
    let is_wrong = match seen {
        None => must_be,
        Some(seen) => !may_be || uuid.is_some_and(|uuid| uuid != seen),
    };
    if is_wrong {
        let detail = format!("{name} was {seen:?}, but table {uuid:?} is at {places:?}");
        found.push(Violation::new(Rule::Misplaced, detail));
    }
}
