//! Hand-made histories: a correct one passes, and the checker finds each error that is put into it.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use uuid::Uuid;

use super::{Rule, check};
use crate::history::{
    Change, Claim, Disturbance, History, Life, LifeEvent, OpId, Outcome, Read, Snapshot, Span,
    Step, Table, Version, Window,
};

fn span(began: u64, ended: u64) -> Span {
    Span {
        began: Duration::from_millis(began),
        ended: Duration::from_millis(ended),
    }
}

/// A table whose versions each add one property change.
fn table(name: &str, ops: &[OpId]) -> Table {
    let mut table = Table {
        name: name.to_owned(),
        versions: vec![Version {
            location: format!("{name}-0"),
            ..Version::default()
        }],
        ..Table::default()
    };
    for op in ops {
        let mut next = follow(&table);
        next.properties.insert(*op);
        next.last = Some(*op);
        table.versions.push(next);
    }
    table
}

/// A new version that follows the last one and differs in nothing else.
fn follow(table: &Table) -> Version {
    let last = table.versions.last().unwrap();
    let mut next = last.clone();
    next.log.push(last.location.clone());
    next.location = format!("{}-{}", table.name, table.versions.len());
    next
}

/// Adds a version with a snapshot.
fn add_snapshot(table: &mut Table, id: OpId, parent: Option<OpId>, sequence: i64) {
    let mut next = follow(table);
    next.snapshots.push(Snapshot {
        id,
        parent,
        sequence,
    });
    next.main = Some(id);
    table.versions.push(next);
}

fn change(id: OpId, tables: &[&str], span: Span, outcome: Outcome) -> Change {
    Change {
        id,
        tables: tables.iter().map(ToString::to_string).collect(),
        span,
        outcome,
    }
}

fn done(id: OpId, tables: &[&str], at: (u64, u64)) -> Change {
    change(id, tables, span(at.0, at.1), Outcome::Done(None))
}

fn read(table: &str, version: usize, at: (u64, u64)) -> Read {
    Read {
        table: table.to_owned(),
        location: format!("{table}-{version}"),
        span: span(at.0, at.1),
    }
}

/// A correct history: two changes of `a`, one transaction over `a` and `b`, reads of these, and two snapshots of `a`.
fn good() -> History {
    let mut history = History {
        tables: vec![table("a", &[1, 2, 3]), table("b", &[3])],
        changes: vec![
            done(1, &["a"], (0, 10)),
            done(2, &["a"], (5, 20)),
            done(3, &["a", "b"], (30, 40)),
        ],
        reads: vec![
            read("a", 1, (11, 12)),
            read("a", 2, (21, 22)),
            read("a", 3, (35, 36)),
            read("b", 1, (37, 38)),
        ],
        ..History::default()
    };
    let a = &mut history.tables[0];
    add_snapshot(a, 4, None, 1);
    add_snapshot(a, 5, Some(4), 2);
    history.changes.push(done(4, &["a"], (41, 42)));
    history.changes.push(done(5, &["a"], (43, 44)));
    history
}

fn rules(history: &History) -> Vec<Rule> {
    let mut rules: Vec<Rule> = check(history).iter().map(|found| found.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[test]
fn a_good_history_passes() {
    assert_eq!(check(&good()), []);
}

#[test]
fn commits_that_share_a_file_are_well() {
    let mut history = good();
    // One version with the snapshots 4 and 5 and a further change.
    let a = &mut history.tables[0];
    a.versions.remove(4);
    let both = a.versions.last_mut().unwrap();
    both.log.pop();
    both.location = "a-4".to_owned();
    both.properties.insert(6);
    both.last = Some(6);
    history.changes[4].span = span(41, 44);
    history.changes.push(done(6, &["a"], (41, 43)));
    assert_eq!(check(&history), []);
    // Snapshots of a chain that does not begin where `main` was.
    for snapshot in &mut history.tables[0].versions[4].snapshots {
        snapshot.parent = Some(snapshot.id + 70);
    }
    assert_eq!(rules(&history), [Rule::Fork]);
}

#[test]
fn an_acknowledged_change_that_is_nowhere_is_lost() {
    let mut history = good();
    history.changes.push(done(9, &["a"], (50, 60)));
    assert_eq!(rules(&history), [Rule::Lost]);
}

#[test]
fn an_update_that_overwrites_another_one_loses_it() {
    let mut history = good();
    let a = &mut history.tables[0];
    for version in a.versions.iter_mut().skip(2) {
        version.properties.remove(&1);
    }
    assert_eq!(rules(&history), [Rule::Lost]);
}

#[test]
fn a_change_that_was_refused_must_not_happen() {
    let mut history = good();
    history.changes[0].outcome = Outcome::Refused(409);
    assert_eq!(rules(&history), [Rule::RefusedButApplied]);
}

#[test]
fn only_a_lost_race_is_a_reason_to_refuse() {
    let mut history = good();
    let refused = |status| change(9, &["a"], span(50, 60), Outcome::Refused(status));
    history.changes.push(refused(409));
    assert_eq!(check(&history), []);
    history.changes.push(refused(404));
    assert_eq!(rules(&history), [Rule::WronglyRefused]);
}

#[test]
fn what_was_answered_503_has_not_happened() {
    let mut history = good();
    let unavailable = Outcome::Refused(503);
    let change = change(9, &["a"], span(50, 60), unavailable.clone());
    history.changes.push(change);
    assert_eq!(check(&history), []);
    history.changes[0].outcome = unavailable;
    assert_eq!(rules(&history), [Rule::RefusedButApplied]);
}

#[test]
fn a_change_of_unknown_end_may_have_happened_or_not() {
    let mut history = good();
    history.changes[1].outcome = Outcome::Unknown;
    let unknown = change(9, &["a"], span(50, 60), Outcome::Unknown);
    history.changes.push(unknown);
    assert_eq!(check(&history), []);
}

#[test]
fn a_repeated_request_that_takes_effect_again_is_noticed() {
    let mut history = good();
    let a = &mut history.tables[0];
    let mut again = follow(a);
    again.last = Some(1);
    a.versions.push(again);
    assert_eq!(rules(&history), [Rule::AppliedTwice]);
}

#[test]
fn what_nobody_asked_for_is_noticed() {
    let mut history = good();
    history.changes.remove(1);
    assert_eq!(rules(&history), [Rule::FromNowhere]);
    let mut history = good();
    history.reads.push(read("a", 77, (50, 51)));
    assert_eq!(rules(&history), [Rule::FromNowhere]);
}

#[test]
fn two_children_of_one_snapshot_are_a_fork() {
    let mut history = good();
    add_snapshot(&mut history.tables[0], 6, Some(4), 3);
    history.changes.push(done(6, &["a"], (50, 51)));
    assert_eq!(rules(&history), [Rule::Fork]);
}

#[test]
fn a_file_that_does_not_follow_the_one_before_is_a_fork() {
    let mut history = good();
    history.tables[0].versions[2].log.pop();
    assert_eq!(rules(&history), [Rule::Fork]);
}

#[test]
fn sequence_numbers_increase() {
    let mut history = good();
    for version in &mut history.tables[0].versions {
        for snapshot in &mut version.snapshots {
            snapshot.sequence = 1;
        }
    }
    assert_eq!(rules(&history), [Rule::Sequence]);
}

#[test]
fn a_transaction_in_one_table_only_is_torn() {
    let mut history = good();
    history.tables[1] = table("b", &[]);
    history.reads.pop();
    assert_eq!(rules(&history), [Rule::Torn]);
    history.changes[2].outcome = Outcome::Unknown;
    assert_eq!(rules(&history), [Rule::Torn]);
}

#[test]
fn a_transaction_seen_in_one_table_is_seen_in_the_other() {
    let mut history = good();
    history.reads.push(read("b", 0, (37, 39)));
    assert_eq!(rules(&history), [Rule::SeenTorn]);
    // The read of `a` had not ended when this read of `b` began.
    history.reads.pop();
    history.reads.push(read("b", 0, (36, 39)));
    assert_eq!(check(&history), []);
}

#[test]
fn a_read_after_an_acknowledgement_shows_it() {
    let mut history = good();
    history.reads.push(read("a", 1, (25, 26)));
    assert_eq!(rules(&history), [Rule::Stale]);
    // This read began before the change was acknowledged.
    history.reads.pop();
    history.reads.push(read("a", 1, (15, 26)));
    assert_eq!(check(&history), []);
}

#[test]
fn a_read_never_goes_back_behind_another_read() {
    let mut history = good();
    // The second change is not acknowledged yet, but it has been seen.
    history.reads = vec![read("a", 2, (11, 12)), read("a", 1, (13, 14))];
    assert_eq!(rules(&history), [Rule::Stale]);
}

#[test]
fn an_answer_shows_the_change_that_it_acknowledges() {
    let mut history = good();
    history.changes[1].outcome = Outcome::Done(Some("a-1".to_owned()));
    assert_eq!(rules(&history), [Rule::Stale]);
    history.changes[1].outcome = Outcome::Done(Some("a-3".to_owned()));
    assert_eq!(check(&history), []);
}

#[test]
fn nothing_happens_before_it_is_asked_for() {
    let mut history = good();
    history.changes[0].span = span(13, 14);
    assert_eq!(rules(&history), [Rule::Early]);
}

#[test]
fn one_of_those_who_create_a_table_succeeds() {
    let claim = |outcome| Claim {
        table: "a".to_owned(),
        outcome,
    };
    let uuid = Uuid::from_u128(1);
    let mut history = good();
    history.tables[0].uuid = uuid;
    history.claims = vec![claim(Ok(uuid)), claim(Err(Outcome::Refused(409)))];
    assert_eq!(check(&history), []);
    history.claims.push(claim(Ok(Uuid::from_u128(2))));
    assert_eq!(rules(&history), [Rule::TwoWinners]);
    history.claims = vec![claim(Ok(Uuid::from_u128(2)))];
    assert_eq!(rules(&history), [Rule::Lost]);
    history.claims = vec![claim(Err(Outcome::Refused(409)))];
    assert_eq!(rules(&history), [Rule::WronglyRefused]);
}

fn lives(uuid: Uuid, events: Vec<LifeEvent>) -> History {
    let life = Life {
        uuid: Some(uuid),
        events,
    };
    History {
        lives: vec![life],
        ..History::default()
    }
}

#[test]
fn a_table_is_where_its_client_has_put_it() {
    let uuid = Uuid::from_u128(1);
    let stepped = |step| LifeEvent::Stepped(step, Outcome::Done(None));
    let looked = |name: &str, seen| LifeEvent::Looked(name.to_owned(), seen);
    let moved = [
        stepped(Step::Create("x".to_owned())),
        looked("x", Some(uuid)),
        stepped(Step::Rename("y".to_owned())),
    ];
    let with = |event| lives(uuid, moved.iter().cloned().chain([event]).collect());
    assert_eq!(check(&with(looked("y", Some(uuid)))), []);
    assert_eq!(check(&with(looked("x", None))), []);
    for wrong in [
        looked("x", Some(uuid)),
        looked("y", None),
        looked("y", Some(Uuid::from_u128(2))),
    ] {
        assert_eq!(rules(&with(wrong)), [Rule::Misplaced]);
    }
    let refused = LifeEvent::Stepped(Step::Drop, Outcome::Refused(404));
    assert_eq!(rules(&with(refused)), [Rule::WronglyRefused]);
}

#[test]
fn a_table_of_unknown_end_may_be_in_either_place() {
    let uuid = Uuid::from_u128(1);
    let looked = |name: &str, seen| LifeEvent::Looked(name.to_owned(), seen);
    let events = [
        LifeEvent::Stepped(Step::Create("x".to_owned()), Outcome::Done(None)),
        LifeEvent::Stepped(Step::Rename("y".to_owned()), Outcome::Unknown),
    ];
    for seen in [
        looked("x", Some(uuid)),
        looked("y", Some(uuid)),
        looked("y", None),
    ] {
        let history = lives(uuid, events.iter().cloned().chain([seen]).collect());
        assert_eq!(check(&history), []);
    }
}

#[test]
fn only_a_kill_excuses_errors_of_that_replica() {
    let disturbance = |replica, status| Disturbance {
        replica,
        span: span(100, 110),
        status,
        about: String::new(),
    };
    let mut history = good();
    history.disturbances = vec![disturbance(0, Some(503)), disturbance(0, None)];
    assert_eq!(rules(&history), [Rule::ServerError, Rule::Broken]);
    let window = |replica, span| Window { replica, span };
    history.windows = vec![window(1, span(90, 200)), window(0, span(120, 200))];
    assert_eq!(rules(&history), [Rule::ServerError, Rule::Broken]);
    history.windows.push(window(0, span(105, 120)));
    assert_eq!(check(&history), []);
}

#[test]
fn a_failover_excuses_errors_of_all_replicas_for_some_seconds() {
    let asked = |began| Disturbance {
        replica: 0,
        span: span(began, began + 10),
        status: Some(500),
        about: String::new(),
    };
    let mut history = good();
    history.failovers = vec![span(1_000, 2_000)];
    history.disturbances = vec![asked(995), asked(1_500), asked(6_900)];
    assert_eq!(check(&history), []);
    for began in [900, 7_100] {
        history.disturbances = vec![asked(began)];
        assert_eq!(rules(&history), [Rule::ServerError], "{began}");
    }
}
