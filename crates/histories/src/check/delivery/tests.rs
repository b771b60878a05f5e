//! Hand-made deliveries.

use crate::check::{Rule, check};
use crate::history::{Arrivals, History, SeenEvent};

fn event(sequence: i64, subject: &str) -> SeenEvent {
    SeenEvent {
        id: format!("event {sequence}"),
        subject: subject.to_owned(),
        sequence,
    }
}

/// The broken rules if the events with these numbers arrive, and the outbox has 1 about `a`, 2 about `b` and 4 about `a`.
fn rules(arrived: &[i64]) -> Vec<Rule> {
    let outbox = vec![event(1, "a"), event(2, "b"), event(4, "a")];
    let event = |number: &i64| {
        let one = outbox.iter().find(|event| event.sequence == *number);
        one.cloned().unwrap_or_else(|| event(*number, "a"))
    };
    let events = arrived.iter().map(event).collect();
    let arrivals = Arrivals {
        sink: "sink",
        events,
    };
    let history = History {
        outbox: outbox.clone(),
        arrivals: vec![arrivals],
        ..History::default()
    };
    check(&history).iter().map(|found| found.rule).collect()
}

#[test]
fn events_may_be_repeated_and_those_of_two_tables_may_pass_each_other() {
    assert_eq!(rules(&[1, 2, 4]), []);
    assert_eq!(rules(&[2, 1, 4]), []);
    assert_eq!(rules(&[1, 4, 1, 4, 2, 1]), []);
}

#[test]
fn an_event_that_has_not_arrived_is_missed() {
    assert_eq!(rules(&[1, 4]), [Rule::Undelivered]);
    assert_eq!(rules(&[]), [Rule::Undelivered; 3]);
}

#[test]
fn the_events_of_a_table_arrive_in_their_order() {
    assert_eq!(rules(&[4, 1, 2]), [Rule::OutOfOrder]);
}

#[test]
fn an_event_that_nobody_has_written_is_noticed() {
    assert_eq!(rules(&[1, 2, 4, 5]), [Rule::FromNowhere]);
}
